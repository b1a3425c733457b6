// Clip_B: GRPO that drops tokens whose entropy discriminant is an outlier of the mini-batch.

public import ConfigCoding
import EntropyDynamics

/// Clip_B (2602.03392): a token is kept if S − mean(S) ∈ [−μ⁻ σ, +μ⁺ σ], mean and σ over the mini-batch.
///
/// S = p (H + log p). Penalising a token with very negative S, or rewarding one with very positive S, is what lowers
/// entropy most. The interval rests on published summaries of the paper, the `trinity` preset on the published code.
/// The lower side cannot act when μ⁻ σ > mean(S) + e^{−(1+H)}: S has that lower bound.
public enum ClipB {
    /// Whose log p enters S.
    enum Source: String, CaseIterable {
        case policy
        /// The sampler's, beside the policy's H: what the published code computes.
        case sampler
    }

    struct Defaults {
        var settings = IntervalRule.Settings()
        var source = Source.policy
        var denominator = Denominator.all

        init(_ preset: IntervalPreset) {
            settings.centre = true
            switch preset {
            case .vetted: break  // sign-aware at 3 σ on both sides, no cap
            case .paperInterval:
                // The paper sweeps μ from 2 to 3; which μ it used on which side is not known.
                (settings.muNeg, settings.muPos) = (2.5, 2.5)
                settings.advantages = .all
                settings.zeroAdvantage = .test
            case .trinity:
                (settings.muNeg, settings.muPos) = (2.5, .infinity)
                settings.advantages = .neg
                source = .sampler
                denominator = .kept
            }
        }
    }

    /// Reads `preset`, `mu_neg`, `mu_pos`, `advantages`, `centre`, `zero_advantage`, `max_frac`, `denominator`,
    /// `source` and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let defaults = Defaults(try section.choice("preset", default: .vetted))
        let settings = try defaults.settings.reading(section)
        let source = try section.choice("source", default: defaults.source)
        return try GRPO.algorithm(
            from: section, named: "clip_b", rules: [rule(settings, source)],
            denominator: section.choice("denominator", default: defaults.denominator))
    }

    static func rule(_ settings: IntervalRule.Settings, _ source: Source = .policy) -> IntervalRule {
        switch source {
        case .policy:
            IntervalRule(name: "clip_b", reads: [.discriminant], settings: settings) { tokens in
                tokens.discriminant.map { Double($0) }
            }
        case .sampler:
            IntervalRule(name: "clip_b", reads: [.sampled, .entropy], settings: settings) { tokens in
                zip(tokens.sampledLogprob, tokens.entropy).map {
                    discriminant(logprob: Double($0), entropy: Double($1))
                }
            }
        }
    }
}
