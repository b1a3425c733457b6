// Clip-Cov: a few random tokens among those whose probability and advantage vary together push no more.

public import ConfigCoding

/// Drops ⌊share · N⌋ tokens drawn at random from those whose score (log p − mean)(A − mean A) lies between two bounds
/// (2505.22617; primary: published code).
///
/// Rewarded likely tokens and penalised unlikely ones have high scores; both lower entropy. In the published code
/// tokens that the ratio clip already silenced are no candidates, bounds are strict and at least one token goes; in the
/// paper bounds are inclusive and the count may be 0. Chosen once over the mini-batch (the published code chooses
/// inside each micro-batch); dropped tokens stay in the denominator.
public struct CovarianceDropRule: TokenRule, Equatable {
    public var share = 2e-4
    public var lower = 1.0
    public var upper = 5.0
    public var preset = CovariancePreset.code
    public var seed: UInt64 = 1
    /// Whose clipped tokens the code's convention leaves alone.
    public var surrogate = ClippedSurrogate(clipLow: 1, clipHigh: 1)

    public init() {}

    public var name: String { "clip_cov" }
    public var reads: Signals { [.logprob, .proximal] }

    public func weights(for tokens: TokenTable) -> [Float] {
        let drawn = tokens.ranked(candidates(tokens), by: tokens.draws(seed: seed))
        var weights = [Float](repeating: 1, count: tokens.count)
        for token in drawn.prefix(preset.count(share: share, of: tokens.count)) { weights[token] = 0 }
        return weights
    }

    /// Dropped fractions; `candidate_share`, tokens that could have been drawn; `score_mean` and `score_max`.
    public func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric] {
        let scores = tokens.covarianceScores
        let n = Double(max(tokens.count, 1))
        return droppedFractions(tokens, weights) + [
            Metric("candidate_share", Double(candidates(tokens).count) / n),
            Metric("score_mean", scores.reduce(0, +) / n), Metric("score_max", scores.max() ?? 0),
        ]
    }

    func candidates(_ tokens: TokenTable) -> [Int] {
        let scores = tokens.covarianceScores
        guard preset == .code else {
            return scores.indices.filter { scores[$0] >= lower && scores[$0] <= upper }
        }
        let terms = surrogate.terms(for: tokens)
        return scores.indices.filter {
            scores[$0] > lower && scores[$0] < upper && terms[$0].clipSide == .none
        }
    }
}

public enum ClipCov {
    /// Reads `share` (2e-4), `lower` (1), `upper` (5), `preset` (code), `seed` (1) and GRPO's keys, with the published
    /// loose `clip_low` and `clip_high` of 1.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let loose = GRPO.Defaults(clipLow: 1, clipHigh: 1)
        var rule = CovarianceDropRule()
        rule.share = try CovariancePreset.share(section, default: rule.share)
        rule.lower = try section.value("lower", default: rule.lower, in: -Double.infinity...Double.infinity)
        rule.upper = try section.value("upper", default: rule.upper, in: rule.lower...Double.infinity)
        rule.preset = try section.choice("preset", default: rule.preset)
        rule.seed = try section.selectionSeed()
        rule.surrogate = try GRPO.clippedSurrogate(from: section, loose)
        return try GRPO.algorithm(from: section, named: "clip_cov", rules: [rule], surrogate: rule.surrogate)
    }
}
