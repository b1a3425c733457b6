// Positive-advantage reweighting with a constant weight: what was rewarded pushes less than what was penalised.

public import ConfigCoding

/// Multiplies the loss of tokens with A > 0 by λ in [0, 1] (2511.05993, secondary).
///
/// Rewarded tokens are mostly likely ones, so that a smaller λ keeps entropy. λ = 1 is the base method; λ = 0 learns
/// from mistakes alone. The paper's schedules of λ are not this rule.
public struct PositiveWeightRule: TokenRule, Equatable {
    /// λ.
    public var weight: Double

    public init(weight: Double) { self.weight = weight }

    public var name: String { "positive_reweighting" }
    public var reads: Signals { [] }

    public func weights(for tokens: TokenTable) -> [Float] {
        tokens.advantage.map { $0 > 0 ? Float(weight) : 1 }
    }
}

public enum PositiveReweighting {
    /// Reads `weight` (0.5, ours) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "positive_reweighting",
            rules: [PositiveWeightRule(weight: try section.value("weight", default: 0.5, in: 0.0...1))])
    }
}
