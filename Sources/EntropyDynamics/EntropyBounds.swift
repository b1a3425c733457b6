// What entropy allows and forbids: bounds that hold for every distribution, each with its proof.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Categorical {
    /// −log max p, nats: `minEntropy` ≤ `collisionEntropy` ≤ H ≤ log `supportSize`.
    ///
    /// Proof: Σp² ≤ max p · Σp; −log Σp² = −log E_p[p] ≤ E_p[−log p] and H = E_p[log 1/p] ≤ log E_p[1/p], by Jensen.
    /// All four are equal exactly on a uniform distribution.
    public var minEntropy: Double { -(logProbabilities.max() ?? 0) }

    /// −log Σp², nats, the entropy two draws see; at most twice `minEntropy` because Σp² ≥ (max p)².
    public var collisionEntropy: Double {
        let agreement = collision
        // Σ p (1 − p) keeps the digits of a nearly certain step, where Σp² has lost them.
        return agreement < 0.5 ? -log(agreement) : -log1p(mean { expm1(logProbabilities[$0]) })
    }

    /// Σp² (H + log max p) ≥ E_p[S] ≥ 0, with equality on both sides exactly when p is uniform on its support.
    ///
    /// Proof: E_p[S] = Cov_p(p, log p), both increasing in p; and Σ p² log p ≤ log max p · Σp².
    /// Since Σp² ≤ max p it is itself at most max S, the S of the most likely token.
    public var expectedDiscriminantBound: Double { collision * (entropy - minEntropy) }

    /// |∂H/∂z|₂ = √(ΣS²) / T, nats per unit of raw logit.
    public var entropyGradientNorm: Double { squaredDiscriminant.squareRoot() / temperature }

    /// √(max p · Var_p(log p)) / T ≥ |∂H/∂z|₂.
    ///
    /// Proof: ΣS² = Σ p² (H + log p)² ≤ max p · Σ p (H + log p)².
    public var entropyGradientNormBound: Double { (exp(-minEntropy) * varentropy).squareRoot() / temperature }

    /// Σ|S| = E_p|H + log p| ≤ 2H: no displacement changes H faster than H (max δz − min δz) / T.
    ///
    /// Proof: −log p ≥ 0 has mean H, so its deviations below H, each at most H, have the same mean as those above.
    /// And ΣS = 0, so |Σ S δz| ≤ ½ Σ|S| (max δz − min δz).
    public var absoluteDiscriminant: Double {
        probabilities.indices.reduce(0) { $0 + abs(discriminant(of: $1)) }
    }
}

/// How entropy and the probability of the most likely token bound each other.
public enum EntropyBounds {
    /// −m log m − (1 − m) log((1 − m)/(V − 1)): the largest H if one token of V has probability m. Nats.
    ///
    /// Proof (Fano): given m, the rest contributes most when it is shared evenly. Falls in m for m ≥ 1/V.
    /// - Throws: `EntropyDynamicsError` unless 0 ≤ m ≤ 1 and V ≥ 1, with m = 1 if V = 1.
    public static func maximumEntropy(probability: Double, vocabulary: Int) throws -> Double {
        guard probability >= 0, probability <= 1, vocabulary > 1 || (vocabulary == 1 && probability == 1) else {
            throw EntropyDynamicsError(
                .outOfRange, "no token of \(vocabulary) has probability \(probability)", place: "probability")
        }
        let rest = 1 - probability
        return xLogInverse(probability) + (rest > 0 ? xLogInverse(rest) + rest * log(Double(vocabulary - 1)) : 0)
    }

    /// −n m log m − r log r with n = ⌊1/m⌋ and r = 1 − n m: the smallest H if no token is likelier than m. Nats.
    ///
    /// Proof: H is concave, so its minimum over {p ≤ m, Σp = 1} is at a corner: all entries m or 0 but one.
    /// - Throws: `EntropyDynamicsError` unless 0 < m ≤ 1.
    public static func minimumEntropy(topProbability: Double) throws -> Double {
        guard topProbability > 0, topProbability <= 1 else {
            throw EntropyDynamicsError(
                .outOfRange, "no most likely token has probability \(topProbability)", place: "topProbability")
        }
        let count = (1 / topProbability).rounded(.down)
        let rest = max(0, 1 - count * topProbability)
        return count * xLogInverse(topProbability) + xLogInverse(rest)
    }

    /// Where the probability of the most likely of V tokens must lie at entropy H.
    ///
    /// From below e^−H, because H ≥ −log max p (reached when H = log n); from above the m at which `maximumEntropy`
    /// has fallen to H (reached when the rest is even). At H near log V the upper end is known to √rounding only:
    /// H is flat there.
    /// - Throws: `EntropyDynamicsError` unless V ≥ 1 and 0 ≤ H ≤ log V (1e-12 above is taken for log V).
    public static func topProbability(entropy: Double, vocabulary: Int) throws -> ClosedRange<Double> {
        let even = log(Double(max(1, vocabulary)))
        guard vocabulary >= 1, entropy >= 0, entropy <= even + 1e-12 else {
            throw EntropyDynamicsError(
                .outOfRange, "the entropy of \(vocabulary) tokens is between 0 and \(even) nats, got \(entropy)",
                place: "entropy")
        }
        guard entropy > 0 else { return 1...1 }
        guard entropy < even else { return exp(-even)...exp(-even) }
        let others = log(Double(vocabulary - 1))
        // With the odds e^x of "not the top", H = log(1 + e^x) + (others − x) σ(x) rises up to x = others.
        let odds = increasingRoot(near: others, in: (others - 1_500)...others, tolerance: 2e-16 * entropy) { x in
            let share = 1 / (1 + exp(-x))
            let value = (x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))) + (others - x) * share
            return (value - entropy, (others - x) * share / (1 + exp(x)))
        }
        let upper = 1 / (1 + exp(odds ?? others))
        let lower = exp(-entropy)
        return lower...max(lower, upper)
    }

    private static func xLogInverse(_ x: Double) -> Double { x > 0 ? -x * log(x) : 0 }
}
