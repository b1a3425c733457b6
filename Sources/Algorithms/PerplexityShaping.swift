// Perplexity shaping: completions that the policy finds likely are credited more. A reconstruction of its constants.

public import ConfigCoding

/// A' = A max(1 − α w, least), w the completion's log perplexity −(1/|y|) Σ log p, standardised (2508.02260 and
/// 2508.07534, secondary).
///
/// **Reconstruction:** α and the set over which w is standardised are not known; here α = 0.1 over all completions of
/// the mini-batch. 1 − α w would turn advantages over where w > 1/α; the bound `least` > 0 keeps their sign and is ours.
/// w = 0 where all perplexities are equal.
public struct PerplexityAdvantage: AdvantageShaping, Equatable {
    /// α.
    public var scale = 0.1
    public var least = 0.1
    /// Standardises within each prompt's completions instead of over the mini-batch.
    public var withinGroups = false

    public init() {}

    public var name: String { "perplexity_shaping" }
    public var reads: Signals { [.logprob] }

    public func advantages(for tokens: TokenTable) -> [Float] {
        let completions = tokens.completions
        let perplexities = completions.map { rows in
            -rows.reduce(0) { $0 + Double(tokens.policyLogprob[$1]) } / Double(rows.count)
        }
        let sets = Dictionary(grouping: completions.indices) { withinGroups ? tokens.group[completions[$0][0]] : 0 }
        var result = tokens.advantage
        for members in sets.values {
            let moments = Moments(members.map { perplexities[$0] })
            for member in members {
                let w = moments.deviation < 1e-12 ? 0 : (perplexities[member] - moments.mean) / moments.deviation
                let factor = max(1 - scale * w, least)
                for row in completions[member] { result[row] = Float(Double(result[row]) * factor) }
            }
        }
        return result
    }
}

public enum PerplexityShaping {
    private enum Standardised: String, CaseIterable { case batch, group }

    /// Reads `alpha` (0.1), `least` (0.1), `standardise` (batch) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        var shaping = PerplexityAdvantage()
        shaping.scale = try section.value("alpha", default: shaping.scale, in: 0...1e6)
        shaping.least = try section.value("least", default: shaping.least, in: 1e-6...1)
        shaping.withinGroups = try section.choice("standardise", default: Standardised.batch) == .group
        return try GRPO.algorithm(from: section, named: "perplexity_shaping", shapings: [shaping])
    }
}
