// What one finished run of a comparison leaves: how it was trained and which held-out problems it solves.

import Analysis

/// How every arm is evaluated; two results with different settings are not compared.
public struct EvaluationSettings: Codable, Sendable, Equatable {
    public var problems: Int
    public var samples: Int
    public var temperature: Double
    public var maxNewTokens: Int
    public var seed: Int

    public init(problems: Int, samples: Int, temperature: Double, maxNewTokens: Int, seed: Int) {
        self.problems = problems
        self.samples = samples
        self.temperature = temperature
        self.maxNewTokens = maxNewTokens
        self.seed = seed
    }

    /// The k of the pass@k curve: powers of two up to the number of samples.
    public var ks: [Int] { sequence(first: 1) { $0 * 2 <= samples ? $0 * 2 : nil }.map(\.self) }
}

/// A policy on the held-out problems.
public struct EvaluationRecord: Codable, Sendable, Equatable {
    public var settings: EvaluationSettings
    /// Correct samples of each problem, [problems].
    public var correct: [Int]
    /// Mean H over sampled tokens, nats, at the sampling temperature.
    public var entropy: Double
    /// Tokens per completion.
    public var meanLength: Double

    public init(settings: EvaluationSettings, correct: [Int], entropy: Double, meanLength: Double) {
        self.settings = settings
        self.correct = correct
        self.entropy = entropy
        self.meanLength = meanLength
    }

    /// The unbiased pass@k of each problem, [problems].
    /// - Throws: `AnalysisError` for a k beyond the samples.
    public func passAtK(_ k: Int) throws -> [Double] {
        try correct.map { try PassAtK.estimate(ProblemOutcome(samples: settings.samples, correct: $0), k: k) }
    }
}

/// One arm with one seed, trained and evaluated.
public struct RunResult: Codable, Sendable, Equatable {
    public var arm: String
    /// Name in the catalogue.
    public var algorithm: String
    public var seed: Int
    /// Rollout steps and optimiser updates that were made.
    public var steps: Int
    public var updates: Int
    /// Of all completions that were sampled, trained on or not.
    public var sampledTokens: Int
    public var sampledCompletions: Int
    /// Of the tests by which early stopping decides, on top of those; nil without it.
    public var testTokens: Int?
    /// Mean share of tokens that token rules dropped; nil without such a rule.
    public var droppedShare: Double?
    /// Mean length of a thermostat's correction over the length of the step; nil without one.
    public var correctionShare: Double?
    /// Of sampling, judging, updating and measuring, as the metrics time them.
    public var seconds: Double
    public var evaluation: EvaluationRecord

    public init(
        arm: String, algorithm: String, seed: Int, steps: Int, updates: Int, sampledTokens: Int,
        sampledCompletions: Int, testTokens: Int? = nil, droppedShare: Double? = nil, correctionShare: Double? = nil,
        seconds: Double,
        evaluation: EvaluationRecord
    ) {
        self.arm = arm
        self.algorithm = algorithm
        self.seed = seed
        self.steps = steps
        self.updates = updates
        self.sampledTokens = sampledTokens
        self.sampledCompletions = sampledCompletions
        self.testTokens = testTokens
        self.droppedShare = droppedShare
        self.correctionShare = correctionShare
        self.seconds = seconds
        self.evaluation = evaluation
    }
}
