// How well predicted entropy changes foretell measured ones.

/// Agreement of n predictions p with measurements m, in the unit of both.
///
/// Where a number has no meaning it is NaN: correlation and r2Fit without spread of either side, slope and intercept
/// without spread of p, r2Identity without spread of m.
public struct PredictionQuality: Sendable, Equatable {
    public var n: Int
    /// Pearson's r.
    public var correlation: Double
    /// Least squares m = intercept + slope p.
    public var slope: Double
    public var intercept: Double
    /// 1 - sum (m - p)^2 / sum (m - mean m)^2: what the prediction explains as it stands. At most 1; may be negative.
    public var r2Identity: Double
    /// correlation^2: what it would explain after the best linear correction.
    public var r2Fit: Double

    /// - Throws: `AnalysisError` if lengths differ, there are fewer than two points, or one is not finite.
    public init(predicted: [Double], measured: [Double]) throws {
        guard predicted.count == measured.count else {
            throw AnalysisError(
                .unequalLengths,
                "\(predicted.count) predictions cannot be compared with \(measured.count) measurements; "
                    + "give one for each",
                place: "predicted")
        }
        guard predicted.count >= 2 else {
            throw AnalysisError(
                .tooFew, "the quality of predictions needs at least two points, got \(predicted.count)",
                place: "predicted")
        }
        guard predicted.allSatisfy(\.isFinite), measured.allSatisfy(\.isFinite) else {
            throw AnalysisError(
                .notFinite, "predictions can be compared only where both sides are finite; leave the other points out",
                place: "predicted")
        }
        let p = Deviations(predicted)
        let m = Deviations(measured)
        let product = zip(p.values, m.values).reduce(0.0) { $0 + $1.0 * $1.1 }
        let residual = zip(predicted, measured).reduce(0.0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) }
        n = predicted.count
        slope = p.isConstant ? .nan : product / p.square
        intercept = m.mean - slope * p.mean
        correlation =
            p.isConstant || m.isConstant
            ? .nan : min(1, max(-1, product / (p.square.squareRoot() * m.square.squareRoot())))
        r2Identity = m.isConstant ? .nan : 1 - residual / m.square
        r2Fit = correlation * correlation
    }
}

/// Deviations of values from their mean, and the sum of their squares.
private struct Deviations {
    let mean: Double
    let values: [Double]
    let square: Double
    /// Rounding gives equal values a tiny spread around their computed mean; it is not one.
    let isConstant: Bool

    init(_ all: [Double]) {
        let mean = all.reduce(0, +) / Double(all.count)
        self.mean = mean
        values = all.map { $0 - mean }
        square = values.reduce(0) { $0 + $1 * $1 }
        isConstant = all.allSatisfy { $0 == all[0] } || square == 0
    }
}
