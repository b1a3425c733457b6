// The quantiles of Student's t, by inverting its distribution function.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension StudentT {
    /// The t with P(T ≤ t) = p; −∞ and ∞ at p = 0 and 1, NaN outside.
    public func quantile(_ p: Double) -> Double {
        guard p >= 0, p <= 1 else { return .nan }
        let size = quantile(central: abs(p - 0.5), tail: min(p, 1 - p))
        return p < 0.5 ? -size : size
    }

    /// The factor by which a standard error is multiplied to give half a two-sided interval of this level.
    ///
    /// - Throws: `EntropyDynamicsError` unless 0 < level < 1.
    public func twoSidedFactor(level: Double) throws -> Double {
        guard level > 0, level < 1 else {
            throw EntropyDynamicsError(
                .outOfRange, "an interval needs a level between 0 and 1, got \(level); 0.95 is usual", place: "level")
        }
        return quantile(central: 0.5 * level, tail: 0.5 * (1 - level))
    }

    /// The t ≥ 0 between which and 0 lies `central` and above which lies `tail`; they sum to ½, both are given so that
    /// the smaller one can keep its digits.
    func quantile(central: Double, tail: Double) -> Double {
        guard tail > 0 else { return .infinity }
        guard central > 0 else { return 0 }
        if central <= split(1).central {
            return monotoneRoot(from: 0, to: 1, startingAt: central / density(0)) {
                (split($0).central - central, density($0))
            }
        }
        // Tails fall like powers of t: log against log they are nearly straight.
        let logTail = log(tail)
        let largest = log(Double.greatestFiniteMagnitude)
        guard split(Double.greatestFiniteMagnitude).tail <= tail else { return .infinity }
        let power = -log(2 * tail) / min(degreesOfFreedom, 10)
        let u = monotoneRoot(from: 0, to: largest, startingAt: min(power, 3)) {
            let t = exp($0)
            let mass = split(t).tail
            return (logTail - log(mass), t * density(t) / mass)
        }
        return exp(u)
    }

    /// The standard normal number that is exceeded as often as t is exceeded under this distribution.
    func normalScore(_ t: Double) -> Double {
        let (central, tail) = split(abs(t))
        // Beyond 37 standard deviations a double holds no tail any more.
        let size = min(37, StudentT.normal.quantile(central: central, tail: tail))
        return t < 0 ? -size : size
    }
}
