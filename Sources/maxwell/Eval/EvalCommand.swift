// `maxwell eval`: avg@k, unbiased pass@k and maj@k with intervals, on held-out problems or a file.

import Analysis
import ArgumentParser
import ConfigCoding
import Environments
import Runs
import Torch
import Training
import Trajectories

/// `--environment` and its options, shared by the commands that judge.
struct EnvironmentOptions: ParsableArguments {
    @Option(help: "The environment that judges.") var environment = "countdown"
    @Option(help: "An option of the environment, key=value; may be repeated.") var set: [String] = []

    func load(seed: UInt64) throws -> any Environment {
        let section = try ConfigSection.parse("name: \(environment)", name: "--environment", overrides: set)
        let result = try EnvironmentCatalogue.environment(from: section, seed: seed)
        try section.finish()
        return result
    }
}

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "avg@k, unbiased pass@k and maj@k with 95 % bootstrap intervals over problems.")

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var environmentOptions: EnvironmentOptions
    @Option(help: "JSONL of problems; the environment's held-out split if not given.") var problems: String?
    @Option(help: "Held-out problems, when no file is given.") var count = 256
    @Option(help: "Completions of each problem.") var samples = 16
    @Option(help: "The k of pass@k and maj@k, at most --samples; may be repeated (1, 4 and 16 if not given).") var k:
        [Int] = []
    @Option var temperature = 1.0
    @Option var maxNewTokens = 256
    @Option var seed: UInt64 = 1
    @Option(help: "Write one line per completion to this JSONL file, after every piece of the work.") var out: String?
    @Option(help: "Write one line per problem to this JSONL file.") var table: String?
    @Flag(help: "Go on after the problems that --out already holds.") var resume = false
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        try OptionBounds.check(samples: samples, maxNewTokens: maxNewTokens, temperature: temperature)
        try OptionBounds.check("--count", count)
        if resume, out == nil {
            throw ValidationError("--resume goes on from a file of completions; name it with --out")
        }
        if let bad = k.first(where: { !(1...samples).contains($0) }) {
            throw ValidationError("--k must lie in 1...\(samples), the number of --samples, got \(bad)")
        }
    }

    func run() throws {
        let (model, vocabulary) = try modelOptions.load()
        let environment = try environmentOptions.load(seed: seed)
        let list =
            try problems.map(ProblemFile.load) ?? (0..<count).map { try environment.problem($0, split: .heldout) }
        for problem in list { try environment.check(problem) }
        let evaluation = EvalRun(
            problems: list,
            options: EvaluationOptions(
                samples: samples, temperature: temperature, maxNewTokens: maxNewTokens, seed: seed),
            output: out,
            settings: EvalRun.Settings(
                model: modelOptions.model,
                environment: ([environmentOptions.environment] + environmentOptions.set).joined(separator: " "),
                precision: modelOptions.precision.rawValue, problems: list.count, samples: samples,
                maxNewTokens: maxNewTokens, temperature: temperature, seed: seed))
        let finished = resume ? try evaluation.finished() : []
        var bar = ProgressBar(
            "eval", total: list.count * samples, unit: "completions", initial: finished.count)
        let lines = try evaluation.run(model, vocabulary, environment, after: finished) { bar.update($0) }
        if let table { try JSONLines.write(ProblemRow.rows(lines, samples: samples), to: table) }
        let ks = k.isEmpty ? [1, 4, 16].filter { $0 <= samples } : k
        let summary = try EvalSummary(model: modelOptions.model, lines: lines, samples: samples, ks: ks, seed: seed)
        if json { return try printJSON(summary) }
        for line in summary.text(temperature: temperature) { print(line) }
    }
}
