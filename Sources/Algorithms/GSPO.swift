// GSPO: the ratio that is clipped belongs to the whole completion, not to a token.

public import ConfigCoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// L_i = −min(s A, clip(s, 1 − clip_low, 1 + clip_high) A) with s = exp(mean over the completion of policy − proximal)
/// (GSPO, 2507.18071, primary).
///
/// ∂s/∂log p_t = s / |y|, and every token stands for 1/|y| of its completion's loss, so a token's derivative before
/// aggregation is −s A, the token form of published code; with advantages that differ inside a completion it is that
/// form. Exact only where the aggregation weighs a completion's tokens alike, which all do.
public struct SequenceRatioSurrogate: Surrogate, Equatable {
    public var clipped: ClippedSurrogate

    public init(clipLow: Double = 3e-4, clipHigh: Double = 4e-4, dualClip: Double = .infinity) {
        clipped = ClippedSurrogate(clipLow: clipLow, clipHigh: clipHigh, dualClip: dualClip)
    }

    public func terms(for tokens: TokenTable) -> [SurrogateTerm] {
        var terms = [SurrogateTerm](repeating: SurrogateTerm(loss: 0, dLogprob: 0), count: tokens.count)
        for rows in tokens.completions {
            let sum = rows.reduce(0) { $0 + Double(tokens.policyLogprob[$1]) - Double(tokens.proximalLogprob[$1]) }
            let gap = sum / Double(rows.count)
            for row in rows {
                terms[row] = clipped.term(
                    policyLogprob: gap, proximalLogprob: 0, advantage: Double(tokens.advantage[row]))
            }
        }
        return terms
    }
}

public enum GSPO {
    /// Reads `clip_low` (3e-4), `clip_high` (4e-4), `dual_clip` and GRPO's keys but `aggregation`, which is the mean
    /// over completions of token means: under a token mean long completions would count for more.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        var surrogate = SequenceRatioSurrogate()
        surrogate.clipped = try GRPO.clippedSurrogate(
            from: section, GRPO.Defaults(clipLow: surrogate.clipped.clipLow, clipHigh: surrogate.clipped.clipHigh))
        return try GRPO.algorithm(from: section, named: "gspo", surrogate: surrogate, aggregation: .sequenceMean)
    }
}
