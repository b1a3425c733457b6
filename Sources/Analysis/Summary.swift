// One number of several seeds.

/// Mean, extremes and standard error of a number over seeds.
public struct Summary: Sendable, Equatable {
    public var count: Int
    public var mean: Double
    public var minimum: Double
    public var maximum: Double
    /// Sample standard deviation (n - 1) over the square root of n; NaN for one value.
    public var standardError: Double

    /// - Throws: `AnalysisError` if `values` is empty or not finite.
    public init(_ values: [Double], name: String = "summary") throws {
        guard let first = values.first else {
            throw AnalysisError(.tooFew, "\(name) needs at least one value; none was given", place: name)
        }
        guard values.allSatisfy(\.isFinite) else {
            throw AnalysisError(.notFinite, "\(name) has a value that is not finite; leave that run out", place: name)
        }
        let count = Double(values.count)
        let (low, high) = values.dropFirst().reduce((first, first)) { (min($0.0, $1), max($0.1, $1)) }
        // Rounding may carry the mean of equal values out of their range.
        let mean = min(high, max(low, values.reduce(0, +) / count))
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        self.count = values.count
        self.mean = mean
        minimum = low
        maximum = high
        standardError = values.count == 1 ? .nan : (variance / count).squareRoot()
    }

    /// The summary at each step that every one of `curves` has, ascending.
    ///
    /// - Throws: `AnalysisError` if there are no curves.
    public static func over(_ curves: [Curve]) throws -> [(step: Int, summary: Summary)] {
        guard let first = curves.first else {
            throw AnalysisError(
                .tooFew, "a summary over seeds needs at least one curve; none was given", place: "curves")
        }
        let tables = curves.map { Dictionary(zip($0.steps, $0.values)) { _, last in last } }
        return try first.steps.compactMap { step in
            let values = tables.compactMap { $0[step] }
            return values.count == tables.count ? (step, try Summary(values, name: first.name)) : nil
        }
    }
}
