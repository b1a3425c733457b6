// What the demo found, as `summary.json` holds it.

import Analysis

/// pass@k or avg@k with its 95 % bootstrap interval over problems.
struct Interval: Codable, Sendable {
    var value, lower, upper: Double

    init(_ estimate: Estimate) {
        value = estimate.value
        lower = estimate.lower
        upper = estimate.upper
    }
}

/// Held-out results of one policy.
struct HeldOut: Codable, Sendable {
    var passAt1, passAt4, passAt16: Interval
    /// avg@16, which equals pass@1 in expectation and is its own estimate.
    var averageAt16: Interval
    /// Mean H per sampled token, nats, at temperature 1.
    var entropy: Double
    var meanLength: Double

    private enum CodingKeys: String, CodingKey {
        case passAt1 = "pass_at_1"
        case passAt4 = "pass_at_4"
        case passAt16 = "pass_at_16"
        case averageAt16 = "average_at_16"
        case entropy, meanLength
    }
}

/// How well a prediction tracked the measured ΔH over the updates of an arm.
struct Tracking: Codable, Sendable {
    var updates: Int
    var correlation: Double
    /// Of measured on predicted.
    var slope: Double
    /// 1 − Σ(m−p)²/Σ(m−m̄)²: no fit, the prediction as it stands.
    var r2: Double
    /// correlation²: with the best slope and intercept.
    var r2Fit: Double

    init(_ quality: PredictionQuality) {
        updates = quality.n
        correlation = quality.correlation
        slope = quality.slope
        r2 = quality.r2Identity
        r2Fit = quality.r2Fit
    }
}

/// One algorithm with one seed.
struct DemoArm: Codable, Sendable {
    var algorithm: String
    var seed: Int
    var entropyInitial, entropyFinal: Double
    var before, after: HeldOut
    var parameterPrediction, tokenPrediction: Tracking
    /// Mean share of tokens the rule dropped; 0 without a rule.
    var droppedShare: Double
    var seconds: Double
    var tokensPerSecond: Double
    var metrics: String
}

/// `summary.json`.
struct DemoSummary: Codable, Sendable {
    var version = 1
    var parameters: Int
    var steps, promptsPerStep, completionsPerPrompt: Int
    var learningRate: Double
    var heldOutProblems, samples: Int
    var threads: Int
    var precision: String
    var libtorch: String
    var arms: [DemoArm]
    var secondsTotal: Double
}
