// Evaluation: k samples per problem from the same engine that trains, judged by the environment.

public import Analysis
public import Environments
public import Models
import Rollouts
import Runs
public import Trajectories

/// What to sample when evaluating.
public struct EvaluationOptions: Sendable {
    public var samples: Int
    public var temperature: Double
    public var maxNewTokens: Int
    public var seed: UInt64
    public var slots: Int
    public var isGreedy: Bool

    public init(
        samples: Int = 16, temperature: Double = 1, maxNewTokens: Int = 256, seed: UInt64 = 1, slots: Int = 256,
        isGreedy: Bool = false
    ) {
        self.samples = samples
        self.temperature = temperature
        self.maxNewTokens = maxNewTokens
        self.seed = seed
        self.slots = slots
        self.isGreedy = isGreedy
    }
}

/// Verdicts on every sample of every problem.
public struct EvaluationResult: Sendable {
    public var groups: [RolloutGroup]
    public var outcomes: [ProblemOutcome]

    /// Mean H over all sampled tokens, nats, at the sampling temperature.
    public var meanEntropy: Double {
        mean(groups.flatMap { $0.completions.flatMap(\.entropy) })
    }
}

public enum Evaluation {
    /// Samples and judges `problems`.
    ///
    /// - Parameters:
    ///   - first: the place of the first problem in a longer list; a problem's completions depend on its place alone, so a
    ///     list may be evaluated in pieces.
    ///   - onProgress: called with finished and total completions.
    /// - Throws: `TrainingError` for no problems; the engine's and the tokenizer's errors.
    public static func run(
        _ model: any LanguageModel, _ vocabulary: Vocabulary, _ environment: any Environment, problems: [Problem],
        from first: Int = 0, options: EvaluationOptions, onProgress: (Int, Int) -> Void = { _, _ in }
    ) throws -> EvaluationResult {
        guard !problems.isEmpty else {
            throw TrainingError(
                .emptyData, "there are no problems to evaluate on; name a file with at least one", place: "eval")
        }
        let engine = RolloutEngine(model: model, seed: options.seed, slots: options.slots)
        let prepared = try problems.map(vocabulary.prompt(of:))
        let prompts = prepared.enumerated().map { index, prompt in
            RolloutEngine.Prompt(tokens: prompt.tokens, index: first + index)
        }
        let sampling = SamplingOptions(
            temperature: options.temperature, isGreedy: options.isGreedy, maxNewTokens: options.maxNewTokens,
            stopTokens: vocabulary.stopTokens)
        let total = problems.count * options.samples
        let completions = try engine.complete(prompts, samples: options.samples, options: sampling, step: 0) {
            onProgress($0, total)
        }
        let groups = problems.indices.map { index in
            judged(prepared[index].problem, prompts[index].tokens, completions[index], vocabulary, environment)
        }
        return EvaluationResult(
            groups: groups, outcomes: try groups.map { try ProblemOutcome($0.verdicts.map(\.isCorrect)) })
    }
}

/// The group of one problem with every completion decoded and judged.
///
/// A completion cut off at the token limit was not finished, whatever it says so far: it earns nothing, reason `length`.
/// A model without a stop token cannot finish before the limit, so its completions are judged at it.
func judged(
    _ problem: Problem, _ promptTokens: [Int32], _ completions: [Completion], _ vocabulary: Vocabulary,
    _ environment: any Environment
) -> RolloutGroup {
    let texts = completions.map { vocabulary.text(of: $0.tokens) }
    let canStop = !vocabulary.stopTokens.isEmpty
    let verdicts = zip(texts, completions).map { text, completion in
        completion.stopReason == .length && canStop
            ? Verdict(reward: 0, isCorrect: false, reason: "length") : environment.verdict(on: text, for: problem)
    }
    return RolloutGroup(
        problem: problem, promptTokens: promptTokens, completions: completions, texts: texts, verdicts: verdicts)
}
