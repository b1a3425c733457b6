// The percentile bootstrap of a mean: problems are drawn again with replacement, from a seed.

import Trajectories

public enum Bootstrap {
    /// Enough for the second digit of a 95 % interval.
    public static let resamples = 2000

    /// The mean of `values` with its 95 % percentile interval.
    ///
    /// Resample b draws from the stream (seed, bootstrap, b) alone: two calls with as many values and the same seed
    /// draw the same problems, so intervals for several k, or of two runs, are comparable. For the interval of a difference
    /// give the paired differences.
    /// - Parameter name: what the sentence of an error calls the quantity.
    /// - Throws: `AnalysisError` if `values` is empty or not finite, or `resamples` < 1.
    public static func mean(
        of values: [Double], name: String = "mean", seed: UInt64, resamples: Int = Bootstrap.resamples
    ) throws -> Estimate {
        guard !values.isEmpty else {
            throw AnalysisError(.tooFew, "\(name) needs at least one problem; none was given", place: name)
        }
        guard values.allSatisfy(\.isFinite) else {
            throw AnalysisError(
                .notFinite, "\(name) cannot be averaged: a value is not finite; leave that problem out", place: name)
        }
        guard resamples >= 1 else {
            throw AnalysisError(
                .outOfRange, "\(name) needs at least one bootstrap resample, got \(resamples)", place: "resamples")
        }
        let count = Double(values.count)
        var means = (0..<resamples).map { resample in
            var random = RandomSource(seed: seed, purpose: .bootstrap, step: resample)
            return values.indices.reduce(0.0) { sum, _ in sum + values[random.integer(below: values.count)] } / count
        }
        means.sort()
        return Estimate(
            value: values.reduce(0, +) / count, lower: quantile(0.025, ofSorted: means),
            upper: quantile(0.975, ofSorted: means), problems: values.count)
    }

    /// Linear between order statistics (definition 7 of Hyndman and Fan, 1996). `sorted` is not empty.
    static func quantile(_ fraction: Double, ofSorted sorted: [Double]) -> Double {
        let position = fraction * Double(sorted.count - 1)
        let lower = Int(position)
        let upper = min(lower + 1, sorted.count - 1)
        return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
    }
}
