// The statistics of one token, as the head operator returns them, out of the streamed sums.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is known of one sampled token and the distribution it came from. All logarithms natural, all of z / T.
public struct TokenStatistics: Sendable, Equatable {
    /// log p_k.
    public var logprob: Double
    /// log Σ exp(z / T).
    public var logSumExp: Double
    /// H.
    public var entropy: Double
    /// S_k = p_k (H + log p_k).
    public var discriminant: Double
    /// E_p[S].
    public var expectedDiscriminant: Double
    /// Var_p[S].
    public var varianceDiscriminant: Double
    /// Σ p².
    public var collision: Double
    /// Σ S².
    public var squaredDiscriminant: Double
    /// Var_p[log p].
    public var varentropy: Double
    /// E_p[z / T] = logSumExp − H; with `logSumExp` all a backward pass needs to rebuild the row.
    public var meanLogit: Double
}

extension StreamingStatistics {
    /// The statistics of a token of the row, given its raw logit; nil while no finite logit has been seen.
    public func statistics(tokenLogit: Double) -> TokenStatistics? {
        guard maximum > -.infinity else { return nil }
        let s = 1 / (1 + a.tail)
        let logTotal = log1p(a.tail)
        let mu = a.first * s
        let u = tokenLogit / temperature - maximum
        let logprob = u - logTotal
        let expected = (b.first - mu * (1 + b.tail)) * s * s
        return TokenStatistics(
            logprob: logprob, logSumExp: maximum + logTotal, entropy: logTotal - mu,
            discriminant: u == -.infinity ? 0 : exp(logprob) * (u - mu), expectedDiscriminant: expected,
            varianceDiscriminant: variance(s, mu, expected), collision: (1 + b.tail) * s * s,
            squaredDiscriminant: max(0, (b.second - 2 * mu * b.first + mu * mu * (1 + b.tail)) * s * s),
            varentropy: max(0, a.second * s - mu * mu), meanLogit: maximum + mu)
    }

    /// Var_p[S]: around S_top when that token has most of the mass (what remains is then small), else around 0.
    private func variance(_ s: Double, _ mu: Double, _ expected: Double) -> Double {
        let cube = s * s * s
        if s >= 0.5 {
            let top = -mu * s
            let tailMean = (b.first - mu * b.tail) * s * s
            let tailSquare = (c.second - 2 * mu * c.first + mu * mu * c.tail) * cube
            let tailMass = a.tail * s
            let around = tailSquare - 2 * top * tailMean + top * top * tailMass
            let shift = tailMean - top * tailMass
            return max(0, around - shift * shift)
        }
        let square = (c.second - 2 * mu * c.first + mu * mu * (1 + c.tail)) * cube
        return max(0, square - expected * expected)
    }
}

extension TokenStatistics {
    /// ∂L/∂z for one raw logit of the row: [g1 (1[is the token] − p) − g2 S] / T, from the saved statistics alone.
    public func lossGradient(
        logit: Double, isToken: Bool, g1: Double, g2: Double, temperature: Double = 1
    ) -> Double {
        let z = logit / temperature
        guard z > -.infinity else { return 0 }
        let p = exp(z - logSumExp)
        // 1 − p loses every digit of a nearly certain token; expm1 keeps them.
        let pull = isToken ? -expm1(logprob) : -p
        return (g1 * pull - g2 * p * (z - meanLogit)) / temperature
    }
}
