// Curves of several seeds as one: mean and range per step, as numbers and as a line with a band.

import Plots

/// The same curve for several seeds, [seeds][steps].
struct SeedCurves: Sendable {
    var seeds: [[Double]]

    init(_ seeds: [[Double]]) { self.seeds = seeds }

    var count: Int { seeds.map(\.count).min() ?? 0 }
    var mean: [Double] { (0..<count).map { step in seeds.reduce(0) { $0 + $1[step] } / Double(seeds.count) } }
    var low: [Double] { (0..<count).map { step in seeds.map { $0[step] }.min() ?? .nan } }
    var high: [Double] { (0..<count).map { step in seeds.map { $0[step] }.max() ?? .nan } }
    /// Last value of each seed.
    var ends: [Double] { seeds.map { $0.last ?? .nan } }
    /// Last minus first value of each seed.
    var changes: [Double] { seeds.map { ($0.last ?? .nan) - ($0.first ?? .nan) } }

    /// The mean as a line, the range over seeds as its band, against the step.
    func series(_ name: String, color: Color? = nil, isDashed: Bool = false) -> LineChart.Series {
        LineChart.Series(
            name: name, x: (0..<count).map(Double.init), y: mean, low: seeds.count > 1 ? low : nil,
            high: seeds.count > 1 ? high : nil, color: color, isDashed: isDashed)
    }
}

/// Mean of some numbers; NaN of none.
func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
}

/// "−0.12 (−0.14 … −0.10)": mean and range over seeds.
func spread(_ values: [Double], _ decimals: Int = 3) -> String {
    guard let low = values.min(), let high = values.max(), values.count > 1 else {
        return digits(mean(values), decimals)
    }
    return "\(digits(mean(values), decimals)) (\(digits(low, decimals)) … \(digits(high, decimals)))"
}
