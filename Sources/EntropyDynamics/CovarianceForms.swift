// The covariance account of entropy change: logit displacements and policy gradients as covariances with log p.

extension Categorical {
    /// Cov_p(x, y) = E_p[(x − E_p x)(y − E_p y)] of two rows of shape [V]; tokens with p = 0 count for nothing.
    ///
    /// - Throws: `EntropyDynamicsError` if a row has another length or is not finite where p > 0.
    public func covariance(_ x: [Double], _ y: [Double]) throws -> Double {
        try requireRow(x, named: "x")
        try requireRow(y, named: "y")
        let (centreX, centreY) = (mean { x[$0] }, mean { y[$0] })
        return mean { (x[$0] - centreX) * (y[$0] - centreY) }
    }

    /// ΔH ≈ −Cov_p(log p, Δz) / T for any displacement Δz of the raw logits, shape [V]; nats, error O(|Δz|²).
    ///
    /// 2505.22617, lemma 1 (secondary, re-derived; the temperature is ours). It is Σ (∂H/∂z_i) Δz_i with
    /// ∂H/∂z_i = −S_i / T of 2602.03392, hence `LogitDisplacement.firstOrder`, which also knows the error.
    /// - Throws: `EntropyDynamicsError` if the row has another length or is not finite where p > 0.
    public func firstOrderEntropyChange(logitShift: [Double]) throws -> Double {
        try -covariance(logProbabilities, logitShift) / temperature
    }

    /// The direction p_a A_a / T in which the vanilla policy gradient moves a table of logits, shape [V].
    ///
    /// 2505.22617, proposition 1 and theorem 1 (secondary): a step η gives ΔH ≈ −(η/T²) Cov_p(log p, p A).
    /// This is the gradient of E_p[A] only if A is an advantage of p itself, E_p[A] = 0; then, and only then, the
    /// change equals `expectedPolicyGradientChange`, −(η/T²) Cov_p(A, S), the mean of 2602.03392's theorem 3.3 over
    /// sampled tokens. For another mean it is lower than that by (η/T²) E_p[A] E_p[S].
    /// - Parameter advantages: A, shape [V].
    /// - Throws: `EntropyDynamicsError` if the row has another length or is not finite where p > 0.
    public func tabularPolicyGradientStep(advantages: [Double]) throws -> LogitDisplacement {
        try requireRow(advantages, named: "advantages")
        let direction = probabilities.indices.map {
            probabilities[$0] > 0 ? probabilities[$0] * advantages[$0] / temperature : 0
        }
        return try LogitDisplacement(self, along: direction)
    }

    /// The direction T A_a in which the natural policy gradient moves a table of logits, shape [V].
    ///
    /// 2505.22617, theorem 2 (secondary): a step η gives ΔH ≈ −η Cov_p(log p, A). The factor T is ours: the Fisher
    /// matrix (diag p − p pᵀ)/T² turns ∇E_p[A] = p (A − E_p A)/T into it, so the natural step moves p alike at every
    /// temperature and ΔH does not contain T. A constant added to A changes nothing.
    /// - Parameter advantages: A, shape [V].
    /// - Throws: `EntropyDynamicsError` if the row has another length or is not finite where p > 0.
    public func naturalPolicyGradientStep(advantages: [Double]) throws -> LogitDisplacement {
        try requireRow(advantages, named: "advantages")
        let direction = probabilities.indices.map { probabilities[$0] > 0 ? temperature * advantages[$0] : 0 }
        return try LogitDisplacement(self, along: direction)
    }
}

/// Clip-Cov's score of every sampled token: (log p_i − mean log p)(A_i − mean A), shape [N], means over the N tokens.
///
/// 2505.22617, equation of Clip-Cov and KL-Cov (secondary; the authors' code agrees). The mean of the scores is the
/// batch's covariance of log p and A, which estimates the one of the natural gradient's theorem 2 only when all tokens
/// come from one distribution p, on-policy; across steps it also contains the covariance of the steps' means.
/// - Parameters: log p of the sampled tokens in nats and their advantages, shape [N] each; padding already left out.
/// - Throws: `EntropyDynamicsError` if the lengths differ or an entry is not finite.
public func covarianceScores(logprobs: [Double], advantages: [Double]) throws -> [Double] {
    guard logprobs.count == advantages.count else {
        throw EntropyDynamicsError(
            .unequalLengths,
            "a covariance needs one advantage per token: \(advantages.count) for \(logprobs.count)",
            place: "advantages")
    }
    for (name, row) in [("logprobs", logprobs), ("advantages", advantages)] {
        if let index = row.firstIndex(where: { !$0.isFinite }) {
            throw EntropyDynamicsError(
                .notANumber, "a covariance needs finite numbers, got \(row[index])", place: "\(name)[\(index)]")
        }
    }
    guard !logprobs.isEmpty else { return [] }
    let count = Double(logprobs.count)
    let meanLogprob = logprobs.reduce(0, +) / count
    let meanAdvantage = advantages.reduce(0, +) / count
    return zip(logprobs, advantages).map { ($0 - meanLogprob) * ($1 - meanAdvantage) }
}
