// `maxwell eval`: avg@k and unbiased pass@k with intervals, on held-out problems or a file.

import Analysis
import ArgumentParser
import ConfigCoding
import Environments
import Runs
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
        commandName: "eval", abstract: "avg@k and unbiased pass@k with 95 % bootstrap intervals over problems.")

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var environmentOptions: EnvironmentOptions
    @Option(help: "JSONL of problems; the environment's held-out split if not given.") var problems: String?
    @Option(help: "Held-out problems, when no file is given.") var count = 256
    @Option(help: "Completions of each problem.") var samples = 16
    @Option(help: "The k of pass@k, at most --samples; may be repeated (1, 4 and 16 if not given).") var k: [Int] = []
    @Option var temperature = 1.0
    @Option var maxNewTokens = 256
    @Option var seed: UInt64 = 1
    @Option(help: "Write one line per completion to this JSONL file.") var out: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        try OptionBounds.check(samples: samples, maxNewTokens: maxNewTokens, temperature: temperature)
        try OptionBounds.check("--count", count)
        if let bad = k.first(where: { !(1...samples).contains($0) }) {
            throw ValidationError("--k must lie in 1...\(samples), the number of --samples, got \(bad)")
        }
    }

    struct Result: Encodable {
        struct Interval: Encodable {
            var k: Int
            var value, lower, upper: Double
        }
        var model: String
        var problems, samples: Int
        var average: Interval
        var passAtK: [Interval]
        var meanEntropy, meanLength: Double
        var reasons: [String: Double]
    }

    func run() throws {
        let (model, vocabulary) = try modelOptions.load()
        let environment = try environmentOptions.load(seed: seed)
        let list =
            try problems.map(ProblemFile.load) ?? (0..<count).map { try environment.problem($0, split: .heldout) }
        for problem in list { try environment.check(problem) }
        let usable = k.isEmpty ? [1, 4, 16].filter { $0 <= samples } : k
        var bar = ProgressBar("eval", total: list.count * samples, unit: "completions")
        let result = try Evaluation.run(
            model, vocabulary, environment, problems: list,
            options: EvaluationOptions(
                samples: samples, temperature: temperature, maxNewTokens: maxNewTokens, seed: seed)
        ) { done, _ in bar.update(done) }
        if let out { try JSONLines.write(result.groups.flatMap(CompletionLine.lines), to: out) }
        let average = try PassAtK.average(result.outcomes, seed: seed)
        let passes = try usable.map { ($0, try PassAtK.estimate(result.outcomes, k: $0, seed: seed)) }
        let verdicts = result.groups.flatMap(\.verdicts)
        let tokens = result.groups.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.tokens.count } }
        let summary = Result(
            model: modelOptions.model, problems: list.count, samples: samples, average: interval(samples, average),
            passAtK: passes.map(interval), meanEntropy: result.meanEntropy,
            meanLength: Double(tokens) / Double(verdicts.count),
            reasons: Dictionary(grouping: verdicts, by: \.reason).mapValues {
                Double($0.count) / Double(verdicts.count)
            })
        if json { return try printJSON(summary) }
        print("\(list.count) problems, \(samples) completions each, temperature \(temperature)")
        for (name, row) in [("avg@\(samples)", summary.average)] + summary.passAtK.map({ ("pass@\($0.k)", $0) }) {
            print("\(name)\t\(fixed(row.value, 4))\t[\(fixed(row.lower, 4)), \(fixed(row.upper, 4))]")
        }
        print("entropy\t\(fixed(summary.meanEntropy, 4)) nats per token, length \(fixed(summary.meanLength, 1)) tokens")
        for (reason, share) in summary.reasons.sorted(by: { $0.value > $1.value }) {
            print("\(reason)\t\(fixed(share, 4))")
        }
    }

    private func interval(_ k: Int, _ estimate: Estimate) -> Result.Interval {
        Result.Interval(k: k, value: estimate.value, lower: estimate.lower, upper: estimate.upper)
    }
}
