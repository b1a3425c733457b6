// `maxwell eval`: avg@k, unbiased pass@k and maj@k with intervals, on held-out problems or a file.

import Analysis
import ArgumentParser
import Environments
import Models
import Runs
import Torch
import Training
import Trajectories

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "avg@k, unbiased pass@k and maj@k with 95 % bootstrap intervals over problems.")

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var recipeOptions: RecipeOptions
    @Option(help: "JSONL of problems; that of the recipe, or the environment's held-out split, if not given.")
    var problems: String?
    @Option(help: "Which side of a file that holds problems out: train, heldout or all.") var part: ProblemPart?
    @Option(help: "Held-out problems, when no file is given.") var count = 256
    @Option(help: "Completions of each problem (the recipe's, or 16).") var samples: Int?
    @Option(help: "The k of pass@k and maj@k, at most --samples; may be repeated (the recipe's, or 1, 4 and 16).")
    var k: [Int] = []
    @Option(help: "The recipe's, or 1.") var temperature: Double?
    @Option(help: "The recipe's, or 256.") var maxNewTokens: Int?
    @Option var seed: UInt64 = 1
    @Option(help: "Write one line per completion to this JSONL file, after every piece of the work.") var out: String?
    @Option(help: "Write one line per problem to this JSONL file.") var table: String?
    @Flag(help: "Go on after the problems that --out already holds.") var resume = false
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        try OptionBounds.check(samples: samples ?? 1, maxNewTokens: maxNewTokens ?? 1, temperature: temperature ?? 1)
        try OptionBounds.check("--count", count)
        if resume, out == nil {
            throw ValidationError("--resume goes on from a file of completions; name it with --out")
        }
        if let samples { try check(k, samples) }
    }

    func run() throws {
        let recipe = try recipeOptions.load(seed: seed)
        var sampling = recipe.sampling
        sampling.samples = samples ?? sampling.samples
        sampling.temperature = temperature ?? sampling.temperature
        sampling.maxNewTokens = maxNewTokens ?? sampling.maxNewTokens
        if !k.isEmpty { sampling.ks = k }
        try check(sampling.ks, sampling.samples)
        let model: any LanguageModel
        var vocabulary: Vocabulary
        (model, vocabulary) = try modelOptions.load()
        let list = try fitting(recipe, model.config, &vocabulary)
        for problem in list { try recipe.environment.check(problem) }
        let evaluation = EvalRun(
            problems: list,
            options: EvaluationOptions(
                samples: sampling.samples, temperature: sampling.temperature, maxNewTokens: sampling.maxNewTokens,
                seed: seed),
            output: out,
            settings: EvalRun.Settings(
                model: modelOptions.model, environment: recipe.sourceText,
                precision: modelOptions.precision.rawValue, problems: list.count, samples: sampling.samples,
                maxNewTokens: sampling.maxNewTokens, temperature: sampling.temperature, seed: seed))
        let finished = resume ? try evaluation.finished() : []
        var bar = ProgressBar(
            "eval", total: list.count * sampling.samples, unit: "completions", initial: finished.count)
        let lines = try evaluation.run(model, vocabulary, recipe.environment, after: finished) { bar.update($0) }
        if let table { try JSONLines.write(ProblemRow.rows(lines, samples: sampling.samples), to: table) }
        let ks = sampling.ks.isEmpty ? [1, 4, 16].filter { $0 <= sampling.samples } : sampling.ks
        let summary = try EvalSummary(
            model: modelOptions.model, lines: lines, samples: sampling.samples, ks: ks, seed: seed)
        if json { return try printJSON(summary) }
        for line in summary.text(temperature: sampling.temperature) { print(line) }
    }

    /// The problems, of a file those whose prompts fit the model.
    private func fitting(
        _ recipe: DataRecipe, _ model: ModelConfig, _ vocabulary: inout Vocabulary
    ) throws -> [Problem] {
        guard let path = problems ?? recipe.prompts else {
            guard part == nil else {
                throw CommandError("--part is a side of a file; name the file with --problems")
            }
            return try (0..<count).map { try recipe.environment.problem($0, split: .heldout) }
        }
        return try recipe.problems(path, part, model, &vocabulary)
    }

    private func check(_ ks: [Int], _ samples: Int) throws {
        if let bad = ks.first(where: { !(1...samples).contains($0) }) {
            throw ValidationError("--k must lie in 1...\(samples), the number of --samples, got \(bad)")
        }
    }
}
