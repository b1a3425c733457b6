// Count, mean and spread of a column, in Double.

/// The first two moments of a set of numbers.
///
/// Two passes, so that a spread far smaller than the mean keeps its digits. Parts of a set can be merged, in any
/// grouping, up to rounding. An empty set has mean and deviation 0.
struct Moments: Sendable, Equatable {
    var count: Double
    var mean: Double
    /// Σ (x − mean)².
    var sumOfSquares: Double

    init(_ values: some Collection<Double>) {
        count = Double(values.count)
        let mean = values.isEmpty ? 0 : values.reduce(0, +) / count
        self.mean = mean
        sumOfSquares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }

    /// The population standard deviation.
    var deviation: Double { count == 0 ? 0 : (sumOfSquares / count).squareRoot() }

    mutating func merge(_ other: Moments) {
        guard other.count > 0 else { return }
        let total = count + other.count
        let gap = other.mean - mean
        sumOfSquares += other.sumOfSquares + gap * gap * count * other.count / total
        mean += gap * other.count / total
        count = total
    }
}
