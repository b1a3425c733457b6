// What one policy-gradient step, or one entropy-bonus step, on a step's logits does to its entropy.

extension Categorical {
    /// The direction in which gradient ascent on log p_k moves the raw logits: (e_k − p) / T, shape [V].
    ///
    /// A GRPO token with ratio r, advantage A and learning rate η moves them by α = η r A times this
    /// (2602.03392), so that to first order ΔH = −(α / T²)(S_k − E_p[S]) (theorem 3.3).
    public func policyGradientStep(on token: Int) -> LogitDisplacement {
        LogitDisplacement(checked: self, gradientOfLogprob(of: token))
    }

    /// The direction in which gradient ascent on H moves the raw logits: −S / T, shape [V].
    ///
    /// A bonus β H and learning rate η give the step ηβ, and to first order ΔH = (ηβ / T²) Σ S² ≥ 0.
    public func entropyBonusStep() -> LogitDisplacement {
        LogitDisplacement(checked: self, gradientOfEntropy())
    }

    /// S_k − E_p[S]: minus the first-order entropy change of a unit policy-gradient step at T = 1 (theorem 3.3).
    public func centredDiscriminant(of token: Int) -> Double { discriminant(of: token) - expectedDiscriminant }

    /// Expected first-order entropy change of an on-policy step of size η: −η Cov_p(A, S) / T².
    ///
    /// - Parameter advantages: the advantage each token would receive, shape [V].
    /// The mean of S_k − E_p[S] under p is zero (2602.03392, corollary 3.4), so only the covariance with A remains;
    /// if A has mean zero under p it equals −η Cov_p(log p, p A), the law of 2505.22617.
    public func expectedPolicyGradientChange(advantages: [Double], learningRate: Double) -> Double {
        let baseline = expectedDiscriminant
        let covariance = mean { advantages[$0] * (discriminant(of: $0) - baseline) }
        return -learningRate * covariance / (temperature * temperature)
    }
}

/// First-order entropy change of one token per unit learning rate, from the two derivatives every loss reduces to.
///
/// A loss L with g1 = ∂L/∂log p_k and g2 = ∂L/∂H moves tempered logits by −[g1 (e_k − p) − g2 S], hence
/// ΔH = g1 (S_k − E_p[S]) − g2 Σ S²  (2602.03392, theorem 3.3, with g1 = −r A for an unclipped GRPO token).
/// Exact to first order for free logits at T = 1; with raw logits at another temperature divide by T².
@inlinable
public func predictedEntropyChange(
    g1: Double, g2: Double, discriminant: Double, expectedDiscriminant: Double, squaredDiscriminant: Double
) -> Double {
    g1 * (discriminant - expectedDiscriminant) - g2 * squaredDiscriminant
}
