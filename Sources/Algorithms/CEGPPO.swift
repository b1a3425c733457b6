// CE-GPPO: tokens beyond the clip keep a bounded gradient, scaled apart for the two sides.

public import ConfigCoding

/// PPO's objective whose clipped tokens keep the gradient β (1 ± ε) A (CE-GPPO, 2509.20712, secondary).
///
/// Beyond the lower bound with A < 0 the weight is β₁ (1 − ε), beyond the upper with A > 0 it is β₂ (1 + ε), whatever the
/// ratio; elsewhere it is r. Rare tokens are what is clipped, so β₂ gives back updates that raise entropy and β₁ updates
/// that lower it (2602.03392, theorem 3.3). β = 0 is PPO. Acts only where ratios leave 1.
public struct GradientPreservingSurrogate: TokenSurrogate {
    public var clipLow: Double
    public var clipHigh: Double
    /// β₁, of A < 0 below the lower bound.
    public var negativeScale: Double
    /// β₂, of A > 0 above the upper bound.
    public var positiveScale: Double

    public init(
        clipLow: Double = 0.2, clipHigh: Double = 0.2, negativeScale: Double = 0.75, positiveScale: Double = 1
    ) {
        self.clipLow = clipLow
        self.clipHigh = clipHigh
        self.negativeScale = negativeScale
        self.positiveScale = positiveScale
    }

    public func term(policyLogprob: Double, proximalLogprob: Double, advantage: Double) -> SurrogateTerm {
        let ratio = probabilityRatio(policyLogprob, proximalLogprob)
        let (weight, side): (Double, ClipSide) =
            if advantage > 0, ratio > 1 + clipHigh {
                (positiveScale * (1 + clipHigh), .high)
            } else if advantage < 0, ratio < 1 - clipLow {
                (negativeScale * (1 - clipLow), .low)
            } else {
                (ratio, .none)
            }
        return SurrogateTerm(loss: -weight * advantage, dLogprob: -weight * advantage, clipSide: side)
    }
}

public enum CEGPPO {
    /// Reads `clip_low`, `clip_high` (0.2 each), `beta_neg` (β₁, 0.75), `beta_pos` (β₂, 1) and GRPO's keys but `dual_clip`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "ce_gppo",
            surrogate: GradientPreservingSurrogate(
                clipLow: try section.value("clip_low", default: 0.2, in: 0...1),
                clipHigh: try section.value("clip_high", default: 0.2, in: 0...Double.infinity),
                negativeScale: try section.value("beta_neg", default: 0.75, in: 0...Double.infinity),
                positiveScale: try section.value("beta_pos", default: 1, in: 0...Double.infinity)))
    }
}
