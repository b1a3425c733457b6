// How large and how small S can be.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Bounds of S = p (H + log p), derived for any distribution over V tokens.
public enum DiscriminantBounds {
    /// −e^{−(1+H)}: the smallest S at entropy H, reached at p = e^{−(1+H)}; never below −1/e.
    public static func lower(entropy: Double) -> Double { -exp(-(1 + entropy)) }

    /// p (1 − p) log(p (V − 1) / (1 − p)): the largest S of a token with this log-probability,
    /// reached when the other V − 1 tokens share the rest evenly.
    public static func upper(logprob: Double, vocabulary: Int) -> Double {
        let rest = -expm1(logprob)
        guard vocabulary > 1, rest > 0, logprob > -.infinity else { return 0 }
        return exp(logprob) * rest * (logprob + log(Double(vocabulary - 1)) - log(rest))
    }

    /// The largest S any distribution over V tokens has, and the probability of the token that has it.
    public static func maximum(vocabulary: Int) -> (probability: Double, discriminant: Double) {
        // The bound has a single peak above p = 1/2, so a ternary search closes in on it.
        var (low, high) = (0.5, 1.0)
        for _ in 0..<200 {
            let (left, right) = (low + (high - low) / 3, high - (high - low) / 3)
            if upper(logprob: log(left), vocabulary: vocabulary) < upper(logprob: log(right), vocabulary: vocabulary) {
                low = left
            } else {
                high = right
            }
        }
        return (low, upper(logprob: log(low), vocabulary: vocabulary))
    }
}
