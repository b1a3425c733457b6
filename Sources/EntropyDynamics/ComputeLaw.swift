// The sigmoid by which score saturates with compute.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// R(C) = R0 + (A − R0) / (1 + (C_mid / C)^B) (ScaleRL, 2510.13786, secondary).
///
/// C in any unit of compute (GPU hours, steps, FLOP), R in any unit of score. It holds for one recipe on one task
/// after its early phase; void where the score falls again.
public struct ComputeLaw: Sendable, Equatable {
    /// R0, the score without training.
    public let initialScore: Double
    /// A, the score without end of training.
    public let asymptote: Double
    /// C_mid > 0, the compute at which half of the gain is made.
    public let midpoint: Double
    /// B > 0: the larger, the sharper the rise; a low-compute power law has this exponent.
    public let exponent: Double

    /// - Throws: `EntropyDynamicsError` unless all are finite, and midpoint and exponent positive.
    public init(initialScore: Double, asymptote: Double, midpoint: Double, exponent: Double) throws {
        guard initialScore.isFinite, asymptote.isFinite, midpoint > 0, midpoint < .infinity, exponent > 0,
            exponent < .infinity
        else {
            throw EntropyDynamicsError(
                .outOfRange,
                "a compute law needs finite scores and a positive midpoint and exponent, got R0 = \(initialScore), "
                    + "A = \(asymptote), C_mid = \(midpoint), B = \(exponent)", place: "ComputeLaw")
        }
        self.initialScore = initialScore
        self.asymptote = asymptote
        self.midpoint = midpoint
        self.exponent = exponent
    }

    /// R(C) for C ≥ 0, ∞ included; NaN below 0.
    public func score(atCompute compute: Double) -> Double {
        initialScore + (asymptote - initialScore) * share(atCompute: compute)
    }

    /// (R − R0)/(A − R0), from 0 to 1.
    public func share(atCompute compute: Double) -> Double {
        1 / (1 + exp(-exponent * (log(compute) - log(midpoint))))
    }

    /// dR/d ln C = (A − R0) B s (1 − s), s the share of the gain: what e times the compute buys, to first order.
    public func logSlope(atCompute compute: Double) -> Double {
        let distance = abs(exponent * (log(compute) - log(midpoint)))
        let small = exp(-distance)
        return (asymptote - initialScore) * exponent * small / ((1 + small) * (1 + small))
    }

    /// dR/dC = (A − R0) B s (1 − s) / C for C > 0.
    public func slope(atCompute compute: Double) -> Double { logSlope(atCompute: compute) / compute }

    /// C_mid ((R − R0)/(A − R))^{1/B}: the compute at which R is reached; nil unless R lies strictly between R0 and A.
    public func compute(forScore score: Double) -> Double? {
        let odds = (score - initialScore) / (asymptote - score)
        guard odds > 0, odds < .infinity else { return nil }
        return midpoint * exp(log(odds) / exponent)
    }
}
