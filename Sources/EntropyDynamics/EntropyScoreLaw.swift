// The law that trades entropy for score within one run, its fit and its extrapolation.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// R = −a e^H + b: validation score R against policy entropy H (nats) of the same checkpoint (2505.22617, secondary).
///
/// Linear in (−e^H, 1), so ordinary least squares is exact. R is in any unit, a and b in the same.
/// Observed in runs without entropy control. It is void after any intervention on entropy (a bonus, another clip range,
/// another temperature, an adaptive coefficient) and when the data change: refit from there on, see
/// `RegimeChangeDetector`. Extrapolating far below the fitted entropies multiplies the error: ask for an interval.
public struct EntropyScoreLaw: Sendable, Equatable {
    /// The line R over x = −e^H; its slope is a, its intercept b.
    public let line: LeastSquares
    /// What the intervals assume of the residuals; points of one training run are not independent.
    public let noise: ResidualNoise

    /// - Parameters: entropies (nats) and scores of shape [n], in the order of training.
    /// - Throws: `EntropyDynamicsError` if lengths differ, there are fewer than 3 points, a number (or e^H) is not
    ///   finite, or H has no spread.
    public init(entropies: [Double], scores: [Double], noise: ResidualNoise = .independent) throws {
        line = try LeastSquares(x: entropies.map { -exp($0) }, y: scores)
        self.noise = noise
    }

    /// a: what one unit of e^H costs. Positive where giving up entropy raised the score.
    public var a: Double { line.slope }
    /// b: the score extrapolated to e^H = 0, which no policy reaches.
    public var b: Double { line.intercept }
    public var standardErrorOfA: Double { line.coefficientCovariance(noise).slope.squareRoot() }
    public var standardErrorOfB: Double { line.coefficientCovariance(noise).intercept.squareRoot() }

    /// b − a: the score at H = 0, where nothing is left to give up.
    public var ceiling: Double { score(atEntropy: 0) }

    /// Interval of the ceiling.
    ///
    /// - Throws: `EntropyDynamicsError` unless 0 < level < 1.
    public func ceilingInterval(level: Double = 0.95) throws -> ClosedRange<Double> {
        try confidenceInterval(atEntropy: 0, level: level)
    }

    /// R at H.
    public func score(atEntropy entropy: Double) -> Double { line.value(at: -exp(entropy)) }

    /// dR/dH = −a e^H, score per nat.
    public func slope(atEntropy entropy: Double) -> Double { -a * exp(entropy) }

    /// ln((b − R)/a): the entropy at which the law reaches a score; nil if it does so at no H ≥ 0.
    public func entropy(atScore score: Double) -> Double? {
        let power = (b - score) / a
        // Not a number where a = 0; below 1 the score lies beyond the ceiling.
        guard power >= 1, power < .infinity else { return nil }
        return log(power)
    }

    /// Standard error of the law's own R at H.
    public func standardError(atEntropy entropy: Double) -> Double {
        line.standardError(at: -exp(entropy), noise)
    }

    /// Standard deviation of a newly measured score about the law at H.
    public func predictionStandardDeviation(atEntropy entropy: Double) -> Double {
        line.predictionStandardDeviation(at: -exp(entropy), noise)
    }

    /// Interval of the law's R at H: where the mean of many new measurements would lie.
    ///
    /// - Throws: `EntropyDynamicsError` unless 0 < level < 1.
    public func confidenceInterval(atEntropy entropy: Double, level: Double = 0.95) throws -> ClosedRange<Double> {
        try line.confidenceInterval(at: -exp(entropy), level: level, noise)
    }

    /// Interval of one newly measured score at H.
    ///
    /// - Throws: `EntropyDynamicsError` unless 0 < level < 1.
    public func predictionInterval(atEntropy entropy: Double, level: Double = 0.95) throws -> ClosedRange<Double> {
        try line.predictionInterval(at: -exp(entropy), level: level, noise)
    }
}
