// CISPO: the importance weight is clipped, the gradient never is.

public import ConfigCoding

/// L = −sg(clip(r, 1 − clip_low, 1 + clip_high)) A log p (MiniMax-M1, 2506.13585, primary).
///
/// The weight is a constant of the gradient, so that no token loses its gradient by being clipped. Published settings
/// differ in meaning: TRL bounds r by an absolute maximum (5.0 for ScaleRL, 2510.13786), verl by 1 + clip_high (0.2 in
/// its example). Here bounds are relative; the defaults are no lower bound and ScaleRL's maximum of 5.
public struct WeightedLogprobSurrogate: TokenSurrogate {
    /// In 0...1; 1 is no lower bound.
    public var clipLow: Double
    public var clipHigh: Double

    public init(clipLow: Double = 1, clipHigh: Double = 4) {
        self.clipLow = clipLow
        self.clipHigh = clipHigh
    }

    /// The loss is that of the weighted log p; its derivative treats the weight as constant.
    public func term(policyLogprob: Double, proximalLogprob: Double, advantage: Double) -> SurrogateTerm {
        let ratio = probabilityRatio(policyLogprob, proximalLogprob)
        let weight = min(max(ratio, 1 - clipLow), 1 + clipHigh)
        let side: ClipSide = ratio > 1 + clipHigh ? .high : ratio < 1 - clipLow ? .low : .none
        // A certain token times advantage 0 would be 0 · −∞ if log p were −∞; tables hold finite numbers only.
        return SurrogateTerm(
            loss: -weight * advantage * policyLogprob, dLogprob: -weight * advantage, clipSide: side)
    }
}

public enum CISPO {
    /// Reads `clip_low` (default 1), `clip_high` (default 4) and GRPO's keys but `dual_clip`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "cispo",
            surrogate: WeightedLogprobSurrogate(
                clipLow: try section.value("clip_low", default: 1, in: 0...1),
                clipHigh: try section.value("clip_high", default: 4, in: 0...Double.infinity)))
    }
}
