// The entropy-based advantage: tokens drawn from wide distributions are credited a little more.

public import ConfigCoding

/// A' = A + min(α H, |A| / κ), and 0 where A = 0 (2506.14758, secondary).
///
/// κ > 1 keeps the sign of A. The addition is positive also where A < 0, so that it softens penalties on uncertain
/// tokens; no gradient flows through H. Reported to end at lower entropy than its baseline, and yet to explore more.
public struct EntropyAdvantage: AdvantageShaping, Equatable {
    /// α, nats⁻¹.
    public var scale: Double
    /// κ, above 1.
    public var bound: Double

    public init(scale: Double = 0.4, bound: Double = 2) {
        self.scale = scale
        self.bound = bound
    }

    public var name: String { "entropy_advantage" }
    public var reads: Signals { [.entropy] }

    public func advantages(for tokens: TokenTable) -> [Float] {
        zip(tokens.advantage, tokens.entropy).map { advantage, entropy in
            Float(Double(advantage) + min(scale * Double(entropy), abs(Double(advantage)) / bound))
        }
    }
}

public enum EntropyBasedAdvantage {
    /// Reads `alpha` (0.4, as published for GRPO), `kappa` (2) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "entropy_advantage",
            shapings: [
                EntropyAdvantage(
                    scale: try section.value("alpha", default: 0.4, in: 0...1e6),
                    bound: try section.value("kappa", default: 2, in: 1.0001...1e6))
            ])
    }
}
