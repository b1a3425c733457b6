// Entropy change when the token was drawn by another policy than the one that is moved.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is done to the importance ratio r = p/q before it weights a token's gradient.
public enum RatioTransform: Sendable, Equatable {
    /// w = r: unbiased wherever q covers p.
    case identity
    /// w = 1: stale data treated as if on-policy.
    case ignored
    /// w = min(r, C): truncated importance sampling.
    case truncated(at: Double)
    /// w = r moved to the nearer end of the range when outside: the detached, clipped weight of CISPO (2506.13585).
    case clamped(to: ClosedRange<Double>)
    /// w = r inside the range and 0 outside: masked importance sampling. PPO's clip is `0...(1 + ε_h)` for tokens with
    /// A > 0 and `(1 − ε_l)...∞` for those with A < 0, because a clipped surrogate has no gradient.
    case masked(to: ClosedRange<Double>)

    /// w(r).
    public func weight(ofRatio ratio: Double) -> Double {
        switch self {
        case .identity: ratio
        case .ignored: 1
        case .truncated(let cap): min(ratio, cap)
        case .clamped(let range): min(max(ratio, range.lowerBound), range.upperBound)
        case .masked(let range): range.contains(ratio) ? ratio : 0
        }
    }
}

/// One decoding step of a policy p whose token was drawn from a sampler q over the same vocabulary.
///
/// A token k moves the raw logits of p by η w(r_k) A_k (e_k − p) / T, with T the temperature of p; derived from
/// 2602.03392, theorem 3.3. The paper's treatment of stale data beyond r in α is not known.
public struct OffPolicyStep: Sendable, Equatable {
    /// p, the policy that is moved.
    public let policy: Categorical
    /// q, the policy that drew the token.
    public let sampler: Categorical

    /// - Throws: `EntropyDynamicsError` if the vocabularies differ in size.
    public init(policy: Categorical, sampler: Categorical) throws {
        try policy.requireSameVocabulary(as: sampler)
        self.policy = policy
        self.sampler = sampler
    }

    /// r_k = p_k / q_k; +∞ or NaN for a token q cannot draw.
    public func ratio(of token: Int) -> Double {
        exp(policy.logProbabilities[token] - sampler.logProbabilities[token])
    }

    /// Probability under p of tokens q cannot draw, as under top-p or top-k sampling: no weight on drawn tokens
    /// makes up for it.
    public var uncoveredMass: Double {
        policy.probabilities.indices.reduce(0) {
            sampler.probabilities[$1] > 0 ? $0 : $0 + policy.probabilities[$1]
        }
    }

    /// E_q[w(r) (S − E_p[S])], the mean deviation of 2602.03392's corollary 3.5 on stale data.
    ///
    /// 0 with w = r where q covers p: Σ q r (S − E_p[S]) = Σ p (S − E_p[S]). Any other w leaves its bias
    /// Σ q (w − r)(S − E_p[S]), and tokens q cannot draw leave −Σ_{q=0} p (S − E_p[S]).
    public func meanDeviation(_ transform: RatioTransform = .identity) -> Double {
        let baseline = policy.expectedDiscriminant
        return sampler.mean {
            transform.weight(ofRatio: ratio(of: $0)) * (policy.discriminant(of: $0) - baseline)
        }
    }

    /// The expected displacement E_q[w(r_k) A_k (e_k − p)] / T, shape [V]; its `firstOrder(η)` is the expected ΔH,
    /// −(η/T²) E_q[w(r) A (S − E_p[S])].
    ///
    /// With w = r and full coverage it does not depend on q. `exact` is the ΔH of the mean displacement, not the mean
    /// of the tokens' exact changes.
    /// - Parameter advantages: the advantage each token would receive, shape [V].
    /// - Throws: `EntropyDynamicsError` if the row has another length or is not finite where q > 0.
    public func expectedStep(
        advantages: [Double], _ transform: RatioTransform = .identity
    ) throws -> LogitDisplacement {
        try sampler.requireRow(advantages, named: "advantages")
        let pulls = advantages.indices.map { token in
            let q = sampler.probabilities[token]
            return q > 0 ? q * transform.weight(ofRatio: ratio(of: token)) * advantages[token] : 0
        }
        let total = pulls.reduce(0, +)
        let direction = pulls.indices.map { (pulls[$0] - policy.probabilities[$0] * total) / policy.temperature }
        return try LogitDisplacement(policy, along: direction)
    }

    /// (E_q w)² / E_q[w²] ∈ [0, 1]: the effective share of a sample; for w = r and full coverage 1 / (1 + χ²).
    public func effectiveShare(_ transform: RatioTransform = .identity) -> Double {
        let first = sampler.mean { transform.weight(ofRatio: ratio(of: $0)) }
        let second = sampler.mean {
            let weight = transform.weight(ofRatio: ratio(of: $0))
            return weight * weight
        }
        return second > 0 ? first * first / second : 0
    }

    /// χ²(p‖q) = E_q[r²] − 1 = E_q[(r − 1)²], the relative variance of the weights; +∞ where q does not cover p.
    public var chiSquared: Double {
        guard uncoveredMass == 0 else { return .infinity }
        return sampler.mean {
            let excess = expm1(policy.logProbabilities[$0] - sampler.logProbabilities[$0])
            return excess * excess
        }
    }
}

/// (Σ w)² / Σ w² of a batch of importance weights: how many equally weighted draws they are worth; 0 if all are 0.
public func effectiveSampleSize(weights: [Double]) -> Double {
    let (sum, square) = weights.reduce((0.0, 0.0)) { ($0.0 + $1, $0.1 + $1 * $1) }
    return square > 0 ? sum * sum / square : 0
}
