// Which sampled tokens raise entropy: the four regions of a cheap rule, and the exact first-order answer.

/// A sampled token by the side of −log p against H and by the sign of its advantage.
///
/// 2602.09782 (primary, the authors' post), E1 to E4. The rule looks at S_k alone, as if only the sampled token's logit
/// moved, and needs no sum over the vocabulary; a policy-gradient step also moves the others, so near the critical
/// probability it can be wrong: see `Categorical.isMisread`.
public enum EntropyRegion: Int, Sendable, CaseIterable {
    /// E1: −log p < H, A > 0; entropy falls.
    case likelyRewarded = 1
    /// E2: −log p > H, A > 0; entropy rises.
    case unlikelyRewarded
    /// E3: −log p < H, A < 0; entropy rises.
    case likelyPenalised
    /// E4: −log p > H, A < 0; entropy falls.
    case unlikelyPenalised

    /// - Parameters: log p and H in nats.
    /// - Returns: nil if A = 0 or −log p = H, where the rule says nothing, or if a number is NaN.
    public init?(logprob: Double, entropy: Double, advantage: Double) {
        let likely = -logprob < entropy
        guard likely || -logprob > entropy, advantage > 0 || advantage < 0 else { return nil }
        switch (likely, advantage > 0) {
        case (true, true): self = .likelyRewarded
        case (false, true): self = .unlikelyRewarded
        case (true, false): self = .likelyPenalised
        case (false, false): self = .unlikelyPenalised
        }
    }

    /// What the rule says of H after a step on the token.
    public var raisesEntropy: Bool { self == .unlikelyRewarded || self == .likelyPenalised }
}

extension Categorical {
    /// T_k = −(S_k − E_p[S]): ΔH ≈ (η/T²) r A T_k of one policy-gradient step on token k; nats, mean 0 under p.
    ///
    /// 2602.03392, theorem 3.3; 2605.11775 calls it the sensitivity of the sampled token (its scaling is not known).
    public func entropySensitivity(of token: Int) -> Double { -centredDiscriminant(of: token) }

    /// A T_k: above 0 the step raises entropy, below 0 it lowers it, to first order.
    ///
    /// The polarity of 2605.11775, reconstructed (derived): −A S_k is the sampled token's contribution, A E_p[S] the
    /// correction for the others. Whether the paper scales it is not known.
    public func entropyPolarity(of token: Int, advantage: Double) -> Double {
        advantage * entropySensitivity(of: token)
    }

    /// The region of a token with this advantage; nil where the rule says nothing.
    public func region(of token: Int, advantage: Double) -> EntropyRegion? {
        EntropyRegion(logprob: logProbabilities[token], entropy: entropy, advantage: advantage)
    }

    /// Whether region and polarity contradict each other on this token, whatever the sign of A.
    ///
    /// They do exactly where 0 < S_k < E_p[S], that is `criticalProbability` < p_k < `breakEvenProbability`: likely by
    /// the rule, yet rewarding it raises entropy. On a uniform step all S are 0 and rounding decides.
    public func isMisread(_ token: Int) -> Bool {
        let s = discriminant(of: token)
        return s > 0 && s < expectedDiscriminant
    }

    /// Probability under p of drawing a token that `isMisread`.
    public var misreadMass: Double {
        let baseline = expectedDiscriminant
        return mean { token in
            let s = discriminant(of: token)
            return s > 0 && s < baseline ? 1 : 0
        }
    }
}

extension TokenStatistics {
    /// T_k = −(S_k − E_p[S]), from the statistics of the sampled token.
    public var entropySensitivity: Double { expectedDiscriminant - discriminant }

    /// A T_k; see `Categorical.entropyPolarity`.
    public func entropyPolarity(advantage: Double) -> Double { advantage * entropySensitivity }

    /// The region of the sampled token; nil where the rule says nothing.
    public func region(advantage: Double) -> EntropyRegion? {
        EntropyRegion(logprob: logprob, entropy: entropy, advantage: advantage)
    }

    /// Whether region and polarity contradict each other; see `Categorical.isMisread`.
    public var isMisread: Bool { discriminant > 0 && discriminant < expectedDiscriminant }
}
