// A model folder on an environment's held-out problems, with a progress bar; what the demo and comparisons evaluate by.

import Environments
import Models
import Training
import Trajectories

enum HeldOutEvaluation {
    /// Samples and judges the first `problems` held-out problems of `environment`.
    /// - Throws: the sentences of the model folder, the environment and the engine.
    static func run(
        model path: String, environment: any Environment, problems count: Int, options: EvaluationOptions,
        title: String
    ) throws -> EvaluationResult {
        let loaded = try ModelFolder.load(path)
        let vocabulary = try Vocabulary(folder: path, model: loaded.config)
        let problems = try (0..<count).map { try environment.problem($0, split: .heldout) }
        var bar = ProgressBar("  evaluate \(title)", total: count * options.samples, unit: "completions")
        return try Evaluation.run(loaded, vocabulary, environment, problems: problems, options: options) { done, _ in
            bar.update(done)
        }
    }
}

extension EvaluationResult {
    /// Tokens per completion.
    var meanLength: Double {
        let lengths = groups.flatMap { $0.completions.map { Double($0.tokens.count) } }
        return lengths.reduce(0, +) / Double(max(1, lengths.count))
    }
}
