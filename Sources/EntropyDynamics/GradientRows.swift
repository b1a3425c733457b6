// Gradients of the per-token statistics with respect to the raw logits, one row of shape [V] each.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Categorical {
    /// ∂ log p_k / ∂z_i = (1[i=k] − p_i) / T.
    public func gradientOfLogprob(of token: Int) -> [Double] { lossGradient(g1: 1, g2: 0, of: token) }

    /// ∂H / ∂z_i = −S_i / T.
    public func gradientOfEntropy() -> [Double] { discriminants.map { -$0 / temperature } }

    /// ∂L/∂z_i = [g1 (1[i=k] − p_i) − g2 S_i] / T for a loss with g1 = ∂L/∂log p_k and g2 = ∂L/∂H.
    ///
    /// This is the row the head operator's backward produces; at i = k the factor 1 − p_k is −expm1(log p_k).
    public func lossGradient(g1: Double, g2: Double, of token: Int) -> [Double] {
        probabilities.indices.map { index in
            let pull = index == token ? -expm1(logProbabilities[index]) : -probabilities[index]
            return (g1 * pull - g2 * discriminant(of: index)) / temperature
        }
    }

    /// ∂S_k / ∂z_i = [(1[i=k] − p_i)(S_k + p_k) − p_k S_i] / T.
    public func gradientOfDiscriminant(of token: Int) -> [Double] {
        lossGradient(g1: discriminant(of: token) + probabilities[token], g2: probabilities[token], of: token)
    }

    /// ∂E_p[S] / ∂z_i = [2 p_i S_i + p_i² − p_i (2 E_p[S] + Σp²) − Σp² S_i] / T.
    public func gradientOfExpectedDiscriminant() -> [Double] {
        let expected = expectedDiscriminant
        let agreement = collision
        return probabilities.indices.map { index in
            let p = probabilities[index]
            let s = discriminant(of: index)
            return (2 * p * s + p * p - p * (2 * expected + agreement) - agreement * s) / temperature
        }
    }

    /// ∂Var_p[S] / ∂z_i, from E_p[S²] and E_p[S].
    ///
    /// ∂E_p[S²]/∂z_i = [3 p_i S_i² − 3 p_i Q + 2 p_i² S_i − 2 p_i R − 2 R S_i] / T with Q = E_p[S²], R = Σ p² S.
    public func gradientOfVarianceDiscriminant() -> [Double] {
        let expected = expectedDiscriminant
        let square = mean { discriminant(of: $0) * discriminant(of: $0) }
        let cross = mean { probabilities[$0] * discriminant(of: $0) }
        let ofExpected = gradientOfExpectedDiscriminant()
        return probabilities.indices.map { index in
            let p = probabilities[index]
            let s = discriminant(of: index)
            let ofSquare = 3 * p * s * s - 3 * p * square + 2 * p * p * s - 2 * p * cross - 2 * cross * s
            return ofSquare / temperature - 2 * expected * ofExpected[index]
        }
    }
}
