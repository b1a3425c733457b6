// How a cost grows with a size: the exponent of its power law above a fixed cost.

/// The curve t(n) = fixed + coefficient · n^exponent nearest to measured costs in relative terms.
///
/// Least squares on logarithms: for every candidate of the fixed cost the line log(t − fixed) = log coefficient + exponent · log n
/// is exact, and the candidate whose curve leaves the smallest sum of squared log t(n) − log t wins. Costs that grow hardly at all
/// leave the split between fixed and growing part open; `lastExponent` then says more.
public struct ScalingFit: Sendable, Equatable, Codable {
    public var exponent: Double
    public var coefficient: Double
    /// In the unit of the costs; at least 0 and below the smallest of them.
    public var fixed: Double
    /// 1 − Σ(log t(n) − log t)² / Σ(log t − mean)²; 1 where all costs are equal.
    public var r2: Double
    /// Slope of log t over log n between the two largest sizes, fixed cost included.
    public var lastExponent: Double

    /// Candidates of the fixed cost, as shares of the smallest cost.
    private static let shares = (0..<400).map { Double($0) / 400 }

    /// - Throws: `AnalysisError` unless there are at least three distinct sizes, and every size and cost is positive and finite.
    public init(sizes: [Double], costs: [Double]) throws {
        guard sizes.count == costs.count else {
            throw AnalysisError(
                .unequalLengths, "\(sizes.count) sizes cannot be paired with \(costs.count) costs; give one for each",
                place: "costs")
        }
        guard Set(sizes).count >= 3 else {
            throw AnalysisError(
                .tooFew, "an exponent needs at least three different sizes, got \(Set(sizes).count)", place: "sizes")
        }
        guard (sizes + costs).allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw AnalysisError(
                .notFinite, "an exponent is defined only for positive, finite sizes and costs; leave the others out",
                place: "costs")
        }
        let x = sizes.map(logarithm)
        let y = costs.map(logarithm)
        let least = costs.min() ?? 0
        let candidates = Self.shares.map { share in
            let fixed = share * least
            let line = Self.line(x, costs.map { logarithm($0 - fixed) })
            let misses = zip(x, y).map { logarithm(fixed + exponential(line.start + line.slope * $0)) - $1 }
            return (fixed: fixed, line: line, error: misses.reduce(0) { $0 + $1 * $1 })
        }
        // the first of equals, so that a pure power law has no fixed cost
        let best = candidates.dropFirst().reduce(candidates[0]) { $1.error < $0.error * (1 - 1e-9) ? $1 : $0 }
        let mean = y.reduce(0, +) / Double(y.count)
        let spread = y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let order = sizes.indices.sorted { sizes[$0] < sizes[$1] }
        let (last, before) = (order[order.count - 1], order.last { sizes[$0] < (sizes.max() ?? 0) } ?? order[0])
        exponent = best.line.slope
        coefficient = exponential(best.line.start)
        fixed = best.fixed
        r2 = spread > 1e-20 ? 1 - best.error / spread : 1
        lastExponent = (y[last] - y[before]) / (x[last] - x[before])
    }

    private static func line(_ x: [Double], _ y: [Double]) -> (start: Double, slope: Double) {
        let count = Double(x.count)
        let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
        let products = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
        let squares = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
        return (meanY - products / squares * meanX, products / squares)
    }
}

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
private func logarithm(_ x: Double) -> Double { log(x) }
private func exponential(_ x: Double) -> Double { exp(x) }
