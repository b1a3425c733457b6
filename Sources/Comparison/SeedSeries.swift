// The curves of several seeds as lines of a chart: each seed pale, their mean strong.

public import Analysis
public import Plots

extension LineChart.Series {
    /// The lines of one contender: each curve pale, their mean strong and moving over `window` points. A single curve
    /// that is not smoothed is drawn once. Draw all pale lines of a chart before the strong ones.
    public static func overSeeds(
        _ name: String, _ curves: [Curve], window: Int, color: Color, isDashed: Bool = false
    ) -> (pale: [LineChart.Series], strong: [LineChart.Series]) {
        var pale: [LineChart.Series] = []
        if curves.count > 1 || window > 1 {
            pale = curves.map { curve in
                LineChart.Series(
                    name: name, x: curve.steps.map(Double.init), y: curve.values, color: color, isFaint: true)
            }
        }
        guard let mean = Curve.mean(over: curves, window: window) else { return (pale, []) }
        return (
            pale,
            [
                LineChart.Series(
                    name: name, x: mean.steps.map(Double.init), y: mean.values, color: color, isDashed: isDashed)
            ]
        )
    }
}
