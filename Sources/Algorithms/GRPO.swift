// GRPO: group-normalised advantages and a clipped ratio; every other algorithm here starts from it.

public import ConfigCoding

/// Group Relative Policy Optimization (2402.03300), with the token-mean loss and separate clip bounds of 2503.14476.
///
/// L = Σ −min(r A, clip(r, 1 − clip_low, 1 + clip_high) A) / N, A = (R − mean) / (std + 1e-6) within the group.
/// With one update per batch the ratio is 1 and the clip never acts. No KL term unless `kl_coefficient` asks for one.
public enum GRPO {
    /// Defaults that a method built on GRPO changes; explicit keys override them.
    struct Defaults {
        var clipLow = 0.2
        var clipHigh = 0.2
        var overlongLimit: Int?
        var dynamicSampling = false
    }

    /// Reads `clip_low`, `clip_high`, `dual_clip`, `normalise_std`, `aggregation`, `fixed_length`, and what every
    /// algorithm takes: `entropy_coefficient`, `overlong_filter`, the keys of `KLPenalty`, `AdaptiveKLPenalty`,
    /// `SamplerCorrection`, `OverlongPenalty`, `NoveltyBonus` and `RolloutPlan`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try algorithm(from: section, named: "grpo")
    }

    /// GRPO with some of its parts replaced; the keys of a part that is given are not read, and so refused. Shapings,
    /// rules and regularisers come before those that the common keys add.
    static func algorithm(
        from section: ConfigSection, named name: String, credit: (any Credit)? = nil,
        shapings: [any AdvantageShaping] = [], rules: [any TokenRule] = [], surrogate: (any Surrogate)? = nil,
        regularisers: [any Regulariser] = [], aggregation given: Aggregation? = nil, denominator: Denominator = .all,
        defaults: Defaults = Defaults()
    ) throws -> Algorithm {
        let bonus = try section.value("entropy_coefficient", default: 0, in: -100.0...100)
        let divergence = try KLPenalty.reading(section)
        let overlong = try OverlongPenalty.reading(section, default: defaults.overlongLimit)
        let adaptive = try AdaptiveKLPenalty.reading(section, divergence)
        let rewardPrices: [(any RewardShaping)?] = [overlong, divergence?.inReward, try NoveltyBonus.reading(section)]
        let rewardShapings = rewardPrices.compactMap { $0 }
        var credit = try credit ?? groupCredit(from: section)
        if !rewardShapings.isEmpty { credit = ShapedCredit(credit, shapings: rewardShapings) }
        if try section.value("overlong_filter", default: false) { credit = OverlongFilter(credit) }
        let common: [(any Regulariser)?] = [
            bonus == 0 ? nil : EntropyBonus(coefficient: bonus), divergence?.inLoss,
        ]
        return Algorithm(
            name: name, rolloutPlan: try RolloutPlan.reading(section, default: defaults.dynamicSampling),
            credit: credit, shapings: shapings,
            rules: rules + [try SamplerCorrection.reading(section)].compactMap { $0 },
            surrogate: try surrogate ?? clippedSurrogate(from: section, defaults),
            regularisers: regularisers + common.compactMap { $0 },
            aggregation: try given ?? Aggregation.reading(section, denominator),
            controllers: [adaptive].compactMap { $0 })
    }

    private static func groupCredit(from section: ConfigSection) throws -> GroupNormalisedCredit {
        GroupNormalisedCredit(normaliseStd: try section.value("normalise_std", default: true))
    }

    /// Reads `clip_low`, `clip_high` and `dual_clip`.
    static func clippedSurrogate(from section: ConfigSection, _ defaults: Defaults) throws -> ClippedSurrogate {
        ClippedSurrogate(
            clipLow: try section.value("clip_low", default: defaults.clipLow, in: 0...1),
            clipHigh: try section.value("clip_high", default: defaults.clipHigh, in: 0...Double.infinity),
            dualClip: try section.value("dual_clip", default: .infinity, in: 1...Double.infinity))
    }
}
