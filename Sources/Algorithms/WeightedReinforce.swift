// PSR, NSR and W-REINFORCE: learning from right and from wrong completions with weights of their own, without a baseline.

public import ConfigCoding

/// A = `positive` for a correct completion, −`negative` for another (2506.01347, primary).
///
/// A completion is correct if its reward exceeds `threshold`; the published code compares with 1 and 0 exactly, so that
/// shaped rewards fall through it. No baseline and no division: an all-correct group still pushes.
public struct OutcomeCredit: GroupCredit, Equatable {
    public var positive: Double
    public var negative: Double
    public var threshold: Double

    public init(positive: Double, negative: Double, threshold: Double = 0.5) {
        self.positive = positive
        self.negative = negative
        self.threshold = threshold
    }

    public func advantages(_ rewards: [Double]) -> [Double] {
        rewards.map { $0 > threshold ? positive : -negative }
    }
}

/// Positive-sample reinforcement (right completions only), negative-sample reinforcement (wrong ones only), and both with
/// λ = 0.1 on the right ones (2506.01347, primary).
///
/// NSR moves mass from what failed to all else and so keeps entropy; its objective has no bound below, so the ratio
/// clip stays. With one update per batch the clip never acts and only the learning rate holds it.
public enum WeightedReinforce {
    /// Reads `positive` (0.1), `negative` (1), `threshold` (0.5) and GRPO's keys but `normalise_std`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try algorithm(
            from: section, named: "w_reinforce",
            positive: try section.value("positive", default: 0.1, in: 0...Double.infinity),
            negative: try section.value("negative", default: 1, in: 0...Double.infinity))
    }

    /// Reads `threshold` and GRPO's keys but `normalise_std`.
    /// - Throws: `ConfigError`.
    public static func psr(from section: ConfigSection) throws -> Algorithm {
        try algorithm(from: section, named: "psr", positive: 1, negative: 0)
    }

    /// Reads `threshold` and GRPO's keys but `normalise_std`.
    /// - Throws: `ConfigError`.
    public static func nsr(from section: ConfigSection) throws -> Algorithm {
        try algorithm(from: section, named: "nsr", positive: 0, negative: 1)
    }

    private static func algorithm(
        from section: ConfigSection, named name: String, positive: Double, negative: Double
    ) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: name,
            credit: OutcomeCredit(
                positive: positive, negative: negative,
                threshold: try section.value("threshold", default: 0.5, in: -Double.infinity...Double.infinity)))
    }
}
