// The per-token policy-gradient objective: the surrogate slot.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Which bound of a surrogate removed a token's gradient.
public enum ClipSide: Sendable, Equatable {
    case none
    /// A < 0 and the ratio fell below 1 − clip_low.
    case low
    /// A > 0 and the ratio rose above 1 + clip_high.
    case high
    /// A < 0 and the ratio rose above the dual clip.
    case dual
}

/// One token's loss L (to be minimised) and ∂L/∂log p, before weight and aggregation.
public struct SurrogateTerm: Sendable, Equatable {
    public var loss: Double
    public var dLogprob: Double
    public var clipSide: ClipSide

    public init(loss: Double, dLogprob: Double, clipSide: ClipSide = .none) {
        self.loss = loss
        self.dLogprob = dLogprob
        self.clipSide = clipSide
    }
}

/// Turns the log-probabilities and advantages of a mini-batch into losses.
///
/// It sees the whole mini-batch, because some ratios are of whole completions; one that looks at a token at a time is a
/// `TokenSurrogate`.
public protocol Surrogate: Sendable {
    /// - Returns: one term per token, [N]. `dLogprob` is what the aggregated loss has as its derivative, once the
    ///   token's scale is multiplied in.
    func terms(for tokens: TokenTable) -> [SurrogateTerm]
}

/// A surrogate whose term follows from the token alone.
public protocol TokenSurrogate: Surrogate {
    func term(policyLogprob: Double, proximalLogprob: Double, advantage: Double) -> SurrogateTerm
}

extension TokenSurrogate {
    public func terms(for tokens: TokenTable) -> [SurrogateTerm] {
        (0..<tokens.count).map { token in
            term(
                policyLogprob: Double(tokens.policyLogprob[token]),
                proximalLogprob: Double(tokens.proximalLogprob[token]), advantage: Double(tokens.advantage[token]))
        }
    }
}

/// L = −min(r A, clip(r, 1 − clip_low, 1 + clip_high) A) with r = exp(policy − proximal)
/// (PPO, 1707.06347; as used in GRPO, 2402.03300).
///
/// With a dual clip c (1912.09729), L of a token with A < 0 is at most −c A. A clipped token has no gradient.
public struct ClippedSurrogate: TokenSurrogate, Equatable {
    public var clipLow: Double
    public var clipHigh: Double
    /// c > 1; ∞ turns it off.
    public var dualClip: Double
    /// Log ratios are held within ±20, so that a token whose probability collapsed gives a large loss, not infinity.
    public static let logRatioBound = 20.0

    public init(clipLow: Double = 0.2, clipHigh: Double = 0.2, dualClip: Double = .infinity) {
        self.clipLow = clipLow
        self.clipHigh = clipHigh
        self.dualClip = dualClip
    }

    public func term(policyLogprob: Double, proximalLogprob: Double, advantage: Double) -> SurrogateTerm {
        let ratio = probabilityRatio(policyLogprob, proximalLogprob)
        if advantage > 0, ratio > 1 + clipHigh {
            return SurrogateTerm(loss: -(1 + clipHigh) * advantage, dLogprob: 0, clipSide: .high)
        }
        if advantage < 0, ratio < 1 - clipLow {
            return SurrogateTerm(loss: -(1 - clipLow) * advantage, dLogprob: 0, clipSide: .low)
        }
        if advantage < 0, ratio > dualClip {
            return SurrogateTerm(loss: -dualClip * advantage, dLogprob: 0, clipSide: .dual)
        }
        return SurrogateTerm(loss: -ratio * advantage, dLogprob: -ratio * advantage)
    }
}

/// exp(policy − proximal), the log ratio held within ±20.
func probabilityRatio(_ policyLogprob: Double, _ proximalLogprob: Double) -> Double {
    let bound = ClippedSurrogate.logRatioBound
    return exp(min(max(policyLogprob - proximalLogprob, -bound), bound))
}
