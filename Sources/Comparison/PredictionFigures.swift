// Predicted against measured entropy changes, as figures for the page of any run.

public import Analysis
public import Plots

/// The updates of some runs whose changes of entropy were both predicted and measured, drawn as one cloud.
public struct PredictionCloud: Sendable {
    public var name: String
    public var color: Color
    public var runs: [RunCurves]

    public init(name: String, color: Color, runs: [RunCurves]) {
        self.name = name
        self.color = color
        self.runs = runs
    }

    /// The changes predicted by a metric and those measured, nats, at the updates that have both.
    public func pairs(_ prediction: String) -> [(predicted: Double, measured: Double)] {
        runs.flatMap { run -> [(predicted: Double, measured: Double)] in
            guard let pairs = try? run.paired(prediction, "entropy/measured_change") else { return [] }
            return zip(pairs.first, pairs.second).map { (predicted: $0, measured: $1) }
        }
    }
}

public enum PredictionFigures {
    /// All clouds' predictions against their measurements; nil where there are too few.
    public static func quality(_ clouds: [PredictionCloud], _ prediction: String) -> PredictionQuality? {
        let pairs = clouds.flatMap { $0.pairs(prediction) }
        return try? PredictionQuality(predicted: pairs.map(\.predicted), measured: pairs.map(\.measured))
    }

    /// The prediction in parameter space, with the identity.
    public static func parameter(_ clouds: [PredictionCloud]) -> HTMLPage.Figure {
        let name = "entropy/predicted_parameter"
        return .init(
            ScatterChart(
                title: "Predicted in parameter space", xTitle: "predicted ΔH, nats", yTitle: "measured ΔH, nats",
                series: series(clouds, name), hasIdentityLine: true,
                notes: quality(clouds, name).map {
                    [
                        "R² \(decimal($0.r2Identity, 3))", "slope \(decimal($0.slope, 2))",
                        "\($0.n) updates",
                    ]
                } ?? []),
            caption: "∇H·Δθ: entropy's gradient along the step the optimiser really took. A perfect prediction lies "
                + "on y = x.")
    }

    /// The prediction from tokens, with the best line.
    public static func token(_ clouds: [PredictionCloud]) -> HTMLPage.Figure {
        let name = "entropy/predicted_token"
        let quality = quality(clouds, name)
        return .init(
            ScatterChart(
                title: "Predicted from tokens", xTitle: "predicted ΔH, nats for free logits",
                yTitle: "measured ΔH, nats", series: series(clouds, name),
                lines: quality.map { [.init(slope: $0.slope, intercept: $0.intercept, name: "best fit")] } ?? [],
                notes: quality.map { ["correlation \(decimal($0.correlation, 2))"] } ?? []),
            caption: "The sum over tokens of advantage times −(S* − E[S]), exact for free logits and plain gradient "
                + "descent. Under Adam with shared weights its scale means nothing: only the correlation does, and the "
                + "use of it is to say which tokens push which way.")
    }

    /// One run, update by update.
    public static func updates(_ run: RunCurves?, of name: String?) -> HTMLPage.Figure {
        func line(_ name: String, _ metric: String, _ color: Color, isDashed: Bool) -> LineChart.Series? {
            run?[metric].map {
                .init(name: name, x: $0.steps.map(Double.init), y: $0.values, color: color, isDashed: isDashed)
            }
        }
        return .init(
            LineChart(
                title: "ΔH of each update" + (name.map { ": \($0)" } ?? ""), xTitle: "update",
                yTitle: "nats per token",
                series: [
                    line("measured", "entropy/measured_change", Palette.neutral, isDashed: false),
                    line("predicted", "entropy/predicted_parameter", Palette.vermilion, isDashed: true),
                ].compactMap { $0 }, legend: .above),
            caption: "The parameter-space prediction knows the policy before the step and the step; the measurement is "
                + "made after it. Where they part, the step was too long for a first-order estimate.")
    }

    private static func series(_ clouds: [PredictionCloud], _ prediction: String) -> [ScatterChart.Series] {
        clouds.map { cloud in
            let pairs = cloud.pairs(prediction)
            return .init(
                name: cloud.name, x: pairs.map(\.predicted), y: pairs.map(\.measured), color: cloud.color)
        }
    }
}
