// The straight line through points, with what its residuals say.

/// The least-squares line y = intercept + slope · x, minimising Σ w (y − intercept − slope x)².
///
/// Textbook formulas in two passes: means first, then sums of deviations, so that a large offset of x or y costs no
/// digits. Points are in time order where the autocorrelation is to mean anything.
public struct LeastSquares: Sendable, Equatable {
    /// n.
    public let count: Int
    public let slope: Double
    public let intercept: Double
    /// x̄ and ȳ, weighted: the point through which the line passes.
    public let centre: (x: Double, y: Double)
    /// Σ w.
    public let totalWeight: Double
    /// Σ w (x − x̄)².
    public let spread: Double
    /// Σ w r², r the residuals.
    public let residualSumOfSquares: Double
    /// 1 − Σ w r² / Σ w (y − ȳ)²; NaN where all y are equal.
    public let rSquared: Double
    /// Σ r_t r_{t+1} / Σ r_t² of the residuals times √w, in the order given; 0 where there is no residual.
    ///
    /// Too low by about (2 + 4ρ)/n for a true ρ, because the line has bent towards the noise.
    public let residualAutocorrelation: Double

    /// - Parameters: x, y and weights of shape [n]; without weights all have weight 1. A weight is the inverse of
    ///   the variance of its y in the unit of `residualStandardDeviation`².
    /// - Throws: `EntropyDynamicsError` if lengths differ, there are fewer than 3 points, a number is not finite, a
    ///   weight is not positive, or x has no spread.
    public init(x: [Double], y: [Double], weights: [Double]? = nil) throws {
        let w = weights ?? [Double](repeating: 1, count: x.count)
        try Self.check(x, y, w)
        let total = w.reduce(0, +)
        func mean(_ values: [Double]) -> Double {
            let first = zip(w, values).reduce(0) { $0 + $1.0 * $1.1 } / total
            return first + zip(w, values).reduce(0) { $0 + $1.0 * ($1.1 - first) } / total
        }
        let (meanX, meanY) = (mean(x), mean(y))
        var (xx, xy, yy) = (0.0, 0.0, 0.0)
        for index in x.indices {
            let (dx, dy) = (x[index] - meanX, y[index] - meanY)
            xx += w[index] * dx * dx
            xy += w[index] * dx * dy
            yy += w[index] * dy * dy
        }
        let size = x.reduce(0) { max($0, abs($1)) }
        guard (xx / total).squareRoot() > 1e-13 * size else {
            throw EntropyDynamicsError(
                .noSpread, "a line through \(x.count) points needs different x, all are about \(meanX); let x vary",
                place: "x")
        }
        let slope = xy / xx
        let residuals = x.indices.map { (y[$0] - meanY - slope * (x[$0] - meanX)) * w[$0].squareRoot() }
        let square = residuals.reduce(0) { $0 + $1 * $1 }
        let lagged = zip(residuals, residuals.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        guard slope.isFinite, square.isFinite, xx.isFinite else {
            throw EntropyDynamicsError(
                .notANumber, "the squares of \(x.count) points overflow; choose larger units for x or y", place: "x")
        }
        count = x.count
        self.slope = slope
        intercept = meanY - slope * meanX
        centre = (meanX, meanY)
        totalWeight = total
        spread = xx
        residualSumOfSquares = square
        rSquared = yy > 0 ? 1 - square / yy : .nan
        residualAutocorrelation = square > 0 ? lagged / square : 0
    }

    /// The line at x, from the centre so that digits survive far from the origin.
    public func value(at x: Double) -> Double { centre.y + slope * (x - centre.x) }

    public static func == (a: LeastSquares, b: LeastSquares) -> Bool {
        a.count == b.count && a.slope == b.slope && a.centre == b.centre && a.totalWeight == b.totalWeight
            && a.spread == b.spread && a.residualSumOfSquares == b.residualSumOfSquares
            && a.residualAutocorrelation == b.residualAutocorrelation
    }

    private static func check(_ x: [Double], _ y: [Double], _ weights: [Double]) throws {
        guard x.count == y.count, weights.count == x.count else {
            throw EntropyDynamicsError(
                .unequalLengths,
                "a line needs a y and a weight for each x: \(y.count) and \(weights.count) for \(x.count)", place: "y")
        }
        guard x.count >= 3 else {
            throw EntropyDynamicsError(
                .tooFew, "a line with an error estimate needs at least 3 points, got \(x.count); wait for more",
                place: "x")
        }
        for (name, values) in [("x", x), ("y", y), ("weights", weights)] {
            if let index = values.firstIndex(where: { !$0.isFinite }) {
                throw EntropyDynamicsError(
                    .notANumber, "a line needs finite numbers, got \(values[index]); leave that point out",
                    place: "\(name)[\(index)]")
            }
        }
        if let index = weights.firstIndex(where: { $0 <= 0 }) {
            throw EntropyDynamicsError(
                .outOfRange, "a line needs positive weights, got \(weights[index]); leave that point out",
                place: "weights[\(index)]")
        }
    }
}
