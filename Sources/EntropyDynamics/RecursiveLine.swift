// A least-squares line that is refitted point by point, and the residuals of its one-step forecasts.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Recursive least squares of the entropy–score law, x = −e^H, in deviations from running means.
struct RecursiveLine: Sendable {
    private var count: Double
    private var centre: (x: Double, y: Double)
    private var spread: Double
    private var product: Double
    private var residualSumOfSquares: Double
    /// n / n_eff, as measured by the first fit.
    private let inflation: Double

    /// - Throws: `EntropyDynamicsError` if the law's residuals vanish or amount to fewer than 2 effective points.
    init(_ law: EntropyScoreLaw) throws {
        let line = law.line
        let effective = line.effectiveCount(law.noise)
        guard effective > 2, line.residualSumOfSquares > 0 else {
            throw EntropyDynamicsError(
                .tooFew,
                "forecasts of a law need its residuals as a measure, \(line.count) points (\(effective) effective) "
                    + "leave none; fit it to more points", place: "law")
        }
        count = Double(line.count)
        centre = line.centre
        spread = line.spread
        product = line.slope * line.spread
        residualSumOfSquares = line.residualSumOfSquares
        inflation = count / effective
    }

    /// The normal score of the next point under the line so far; the line then takes it in.
    mutating func step(entropy: Double, score: Double) -> Double {
        let (dx, dy) = (-exp(entropy) - centre.x, score - centre.y)
        let residual = (dy - product / spread * dx) / (1 + 1 / count + dx * dx / spread).squareRoot()
        let degrees = count / inflation - 2
        let t = residual / (residualSumOfSquares / degrees).squareRoot()
        let weight = count / (count + 1)
        spread += weight * dx * dx
        product += weight * dx * dy
        count += 1
        centre.x += dx / count
        centre.y += dy / count
        residualSumOfSquares += residual * residual
        return StudentT(positive: degrees).normalScore(t)
    }
}
