// Importance weights between the sampler and the trainer: truncated (TIS), masked (MIS) and geometric, by token or completion.

import ConfigCoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Weighs tokens by ρ = exp(proximalLogprob − sampledLogprob), which is 1 where sampler and trainer agree (primary: the
/// published code of several trainers).
///
/// The weight is a constant of the gradient and multiplies the token's loss; a masked token or completion stays in the
/// denominator. It corrects the engines' mismatch only: the policy's own motion is the surrogate's ratio. Void if
/// sampling was truncated (top-p, top-k), which this project's sampler never does. Products over a completion grow with
/// its length: masks on them drop long completions first.
public struct SamplerCorrection: TokenRule, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// min(ρ, C) per token.
        case tokenTruncated = "token_truncated"
        /// min(Π ρ, C) on every token of the completion.
        case sequenceTruncated = "sequence_truncated"
        /// ρ per token within the bounds, else 0.
        case tokenMasked = "token_masked"
        /// Π ρ on every token of a completion within the bounds, else 0.
        case sequenceMasked = "sequence_masked"
        /// 1 on a completion whose geometric mean of ρ lies within the bounds, else 0; blind to length.
        case geometricMasked = "geometric_masked"
    }

    public var kind: Kind
    /// Lower bound of what is kept; of masks only.
    public var smallest: Double
    /// C, the upper bound.
    public var largest: Double

    public init(kind: Kind, smallest: Double, largest: Double) {
        self.kind = kind
        self.smallest = smallest
        self.largest = largest
    }

    public var name: String { "sampler_correction" }
    public var reads: Signals { [.proximal, .sampled] }

    public func weights(for tokens: TokenTable) -> [Float] {
        let gaps = logRatios(tokens)
        var weights = [Float](repeating: 0, count: tokens.count)
        switch kind {
        case .tokenTruncated, .tokenMasked:
            for token in weights.indices { weights[token] = weight(gaps[token]) }
        case .sequenceTruncated, .sequenceMasked, .geometricMasked:
            for rows in tokens.completions {
                let sum = rows.reduce(0) { $0 + gaps[$1] }
                let shared = weight(kind == .geometricMasked ? sum / Double(rows.count) : sum)
                for row in rows { weights[row] = shared }
            }
        }
        return weights
    }

    /// Dropped fractions; `weight_mean`; `ratio_max` of a token's ρ; `chi_squared`, E[ρ²] − 1 over tokens; and
    /// `effective_share`, (Σ ρ)² / (N Σ ρ²).
    public func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric] {
        let ratios = logRatios(tokens).map { exp($0) }
        let n = Double(max(tokens.count, 1))
        let (sum, squares) = (ratios.reduce(0, +), ratios.reduce(0) { $0 + $1 * $1 })
        return droppedFractions(tokens, weights) + [
            Metric("weight_mean", weights.reduce(0) { $0 + Double($1) } / n),
            Metric("ratio_max", ratios.max() ?? 0), Metric("chi_squared", squares / n - 1),
            Metric("effective_share", squares == 0 ? 0 : sum * sum / (n * squares)),
        ]
    }

    private func weight(_ logRatio: Double) -> Float {
        let ratio = exp(min(max(logRatio, -ClippedSurrogate.logRatioBound), ClippedSurrogate.logRatioBound))
        let isInside = ratio >= smallest && ratio <= largest
        return switch kind {
        case .tokenTruncated, .sequenceTruncated: Float(min(ratio, largest))
        case .tokenMasked, .sequenceMasked: isInside ? Float(ratio) : 0
        case .geometricMasked: isInside ? 1 : 0
        }
    }

    private func logRatios(_ tokens: TokenTable) -> [Double] {
        let bound = ClippedSurrogate.logRatioBound
        return zip(tokens.proximalLogprob, tokens.sampledLogprob).map {
            min(max(Double($0) - Double($1), -bound), bound)
        }
    }
}

extension SamplerCorrection {
    /// Reads `sampler_correction` (absent: none), `sampler_max` (2 where truncated, 3 where masked, 1.001 where
    /// geometric) and, of masks, `sampler_min` (0; 0.999 where geometric).
    static func reading(_ section: ConfigSection) throws -> SamplerCorrection? {
        guard section.has("sampler_correction") else {
            for key in ["sampler_max", "sampler_min"] where section.has(key) {
                throw section.fault(.unknownKey, key, "has no effect without sampler_correction; remove it")
            }
            return nil
        }
        let kind = try section.choice("sampler_correction", default: Kind.tokenTruncated)
        let isTruncated = kind == .tokenTruncated || kind == .sequenceTruncated
        let isGeometric = kind == .geometricMasked
        if isTruncated, section.has("sampler_min") {
            throw section.fault(.unknownKey, "sampler_min", "has no effect where weights are truncated; remove it")
        }
        let least = isTruncated ? 0 : try section.value("sampler_min", default: isGeometric ? 0.999 : 0, in: 0...1)
        let most = isTruncated ? 2 : isGeometric ? 1.001 : 3
        return SamplerCorrection(
            kind: kind, smallest: least, largest: try section.value("sampler_max", default: most, in: 1...1e8))
    }
}
