// The percentile bootstrap over two things at once: training seeds and problems, each drawn again with replacement.

import Trajectories

public enum CrossedBootstrap {
    /// The mean of `values` [seeds][problems] with its 95 % percentile interval over seeds and problems.
    ///
    /// Every seed met the same problems, so a resample draws seeds and problems apart and takes all their pairs (the
    /// crossed, or pigeonhole, bootstrap; it is slightly wide, never narrow, where both matter). With one seed it is
    /// `Bootstrap.mean`, draw for draw. Two or three seeds tell little of how far others would scatter: show them beside
    /// the interval. For a difference of two runs give the differences, pair by pair.
    /// - Parameter name: what the sentence of an error calls the quantity.
    /// - Throws: `AnalysisError` if there is no seed or problem, rows differ in length, or a value is not finite.
    public static func mean(
        of values: [[Double]], name: String = "mean", seed: UInt64, resamples: Int = Bootstrap.resamples
    ) throws -> Estimate {
        guard let first = values.first, !first.isEmpty else {
            throw AnalysisError(.tooFew, "\(name) needs at least one seed with one problem", place: name)
        }
        guard values.allSatisfy({ $0.count == first.count }) else {
            throw AnalysisError(
                .unequalLengths, "\(name) needs the same problems of every seed; evaluate all on one set", place: name)
        }
        guard values.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw AnalysisError(
                .notFinite, "\(name) cannot be averaged: a value is not finite; leave that problem out", place: name)
        }
        guard resamples >= 1 else {
            throw AnalysisError(
                .outOfRange, "\(name) needs at least one bootstrap resample, got \(resamples)", place: "resamples")
        }
        let problems = first.count
        var means = (0..<resamples).map { resample in
            var random = RandomSource(seed: seed, purpose: .bootstrap, step: resample)
            let drawn = first.indices.map { _ in random.integer(below: problems) }
            var seeds = RandomSource(seed: seed, purpose: .bootstrap, step: resample, prompt: 1)
            let rows = values.indices.map { _ in values[values.count == 1 ? 0 : seeds.integer(below: values.count)] }
            let sum = rows.reduce(0.0) { total, row in total + drawn.reduce(0.0) { $0 + row[$1] } }
            return sum / Double(problems * rows.count)
        }
        means.sort()
        let all = values.reduce(0.0) { $0 + $1.reduce(0, +) }
        return Estimate(
            value: all / Double(problems * values.count), lower: Bootstrap.quantile(0.025, ofSorted: means),
            upper: Bootstrap.quantile(0.975, ofSorted: means), problems: problems)
    }
}
