// GRPO: group-normalised advantages and a clipped ratio; every other algorithm here starts from it.

public import ConfigCoding

/// Group Relative Policy Optimization (2402.03300), with the token-mean loss and separate clip bounds of 2503.14476.
///
/// L = Σ −min(r A, clip(r, 1 − clip_low, 1 + clip_high) A) / N, A = (R − mean) / (std + 1e-6) within the group.
/// With one update per batch the ratio is 1 and the clip never acts. No KL term.
public enum GRPO {
    private enum Mean: String, CaseIterable {
        case token = "token_mean"
        case sequence = "sequence_mean"
        case fixed = "fixed_length"
    }

    /// Reads `clip_low`, `clip_high`, `dual_clip`, `normalise_std`, `entropy_coefficient`, `aggregation` and
    /// `fixed_length`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try algorithm(from: section, named: "grpo")
    }

    /// GRPO with some of its parts replaced; the keys of a part that is given are not read, and so refused.
    static func algorithm(
        from section: ConfigSection, named name: String, credit: (any Credit)? = nil, rules: [any TokenRule] = [],
        surrogate: (any Surrogate)? = nil, aggregation given: Aggregation? = nil, denominator: Denominator = .all
    ) throws -> Algorithm {
        let bonus = try section.value("entropy_coefficient", default: 0, in: -100.0...100)
        return Algorithm(
            name: name, credit: try credit ?? groupCredit(from: section), rules: rules,
            surrogate: try surrogate ?? clippedSurrogate(from: section),
            regularisers: bonus == 0 ? [] : [EntropyBonus(coefficient: bonus)],
            aggregation: try given ?? aggregation(from: section, denominator))
    }

    private static func groupCredit(from section: ConfigSection) throws -> GroupNormalisedCredit {
        GroupNormalisedCredit(normaliseStd: try section.value("normalise_std", default: true))
    }

    private static func clippedSurrogate(from section: ConfigSection) throws -> ClippedSurrogate {
        ClippedSurrogate(
            clipLow: try section.value("clip_low", default: 0.2, in: 0...1),
            clipHigh: try section.value("clip_high", default: 0.2, in: 0...Double.infinity),
            dualClip: try section.value("dual_clip", default: .infinity, in: 1...Double.infinity))
    }

    private static func aggregation(from section: ConfigSection, _ denominator: Denominator) throws -> Aggregation {
        let mean = try section.choice("aggregation", default: Mean.token)
        let length = try section.optional("fixed_length", as: Int.self, in: 1...Int.max)
        if mean != .token, denominator == .kept {
            throw section.fault(
                .unknownChoice, "aggregation", "must be token_mean where denominator is kept; set denominator: all")
        }
        switch (mean, length) {
        case (.token, nil): return .tokenMean(over: denominator)
        case (.sequence, nil): return .sequenceMean
        case (.fixed, let length?): return .fixedLength(length)
        case (.fixed, nil):
            throw section.fault(
                .missingKey, "fixed_length",
                "is required where aggregation is fixed_length and must be a whole number")
        case (_, .some):
            throw section.fault(
                .unknownKey, "fixed_length", "has no effect where aggregation is \(mean.rawValue); remove it")
        }
    }
}
