// Position shaping: late tokens of a completion are credited more. A reconstruction: the bonus is not published in full.

public import ConfigCoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A' = A + sign(A) b_t with b_t = min(γ / (1 + e^{−c (2t/|y| − 1)}), |A| / 2), t = 1 … |y|; 0 where A = 0 (2508.02260 and
/// 2508.07534, secondary).
///
/// **Reconstruction:** known is only that the bonus grows with the relative position; the sigmoid, γ, c and the bound are
/// ours. The published method applies it in the late stage of training alone. It breaks the zero mean of group
/// advantages, and under a token mean long completions get more of it.
public struct PositionAdvantage: AdvantageShaping, Equatable {
    /// γ, in units of advantage.
    public var scale = 0.1
    /// c.
    public var steepness = 4.0

    public init() {}

    public var name: String { "position_shaping" }
    public var reads: Signals { [] }

    public func advantages(for tokens: TokenTable) -> [Float] {
        var result = tokens.advantage
        for rows in tokens.completions {
            for (place, row) in rows.enumerated() where result[row] != 0 {
                let advantage = Double(result[row])
                let position = 2 * Double(place + 1) / Double(rows.count) - 1
                let bonus = min(scale / (1 + exp(-steepness * position)), abs(advantage) / 2)
                result[row] = Float(advantage + (advantage > 0 ? bonus : -bonus))
            }
        }
        return result
    }
}

public enum PositionShaping {
    /// Reads `gamma` (0.1), `steepness` (4) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        var shaping = PositionAdvantage()
        shaping.scale = try section.value("gamma", default: shaping.scale, in: 0...1e6)
        shaping.steepness = try section.value("steepness", default: shaping.steepness, in: 0...1e3)
        return try GRPO.algorithm(from: section, named: "position_shaping", shapings: [shaping])
    }
}
