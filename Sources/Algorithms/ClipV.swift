// Clip_V: GRPO that drops tokens whose entropy discriminator, centred on its own vocabulary, is an outlier.

public import ConfigCoding

/// Clip_V (2602.03392): a token is kept if C ∈ [−μ⁻ σ, +μ⁺ σ], C = S − E_p[S], σ its deviation over the
/// mini-batch.
///
/// −A C is the first-order entropy change of a policy-gradient step (theorem 3.3), so the sign-aware default drops
/// exactly the outliers that lower entropy: A > 0 with C > μ⁺ σ and A < 0 with C < −μ⁻ σ. The paper's unit of μ is not
/// known; the deviation of C is the published code's. Void when σ < 1e-12: every token is kept.
public enum ClipV {
    struct Defaults {
        var settings = IntervalRule.Settings()
        var denominator = Denominator.all

        init(_ preset: IntervalPreset) {
            switch preset {
            case .vetted: break  // sign-aware at 3 σ on both sides, no cap
            case .paperInterval:
                // The paper sweeps μ from 7.5 to 8.5; which μ it used on which side is not known.
                (settings.muNeg, settings.muPos) = (8, 8)
                settings.advantages = .all
                settings.zeroAdvantage = .test
            case .trinity:
                (settings.muNeg, settings.muPos) = (8.5, .infinity)
                settings.advantages = .neg
                settings.zeroAdvantage = .test
                settings.maxFrac = 1e-4
                denominator = .kept
            }
        }
    }

    /// Reads `preset`, `mu_neg`, `mu_pos`, `advantages`, `centre`, `zero_advantage`, `max_frac`, `denominator` and
    /// GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let defaults = Defaults(try section.choice("preset", default: .vetted))
        let settings = try defaults.settings.reading(section)
        return try GRPO.algorithm(
            from: section, named: "clip_v", rules: [rule(settings)],
            denominator: section.choice("denominator", default: defaults.denominator))
    }

    static func rule(_ settings: IntervalRule.Settings) -> IntervalRule {
        IntervalRule(name: "clip_v", reads: [.discriminant, .expectedDiscriminant], settings: settings) { tokens in
            (0..<tokens.count).map { tokens.centredDiscriminant($0) }
        }
    }
}
