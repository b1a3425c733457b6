// Experiment: how large a step may be before the first- and second-order predictions of ΔH fail.

import Analysis
import Plots

/// Errors of predicted ΔH over step sizes, and predicted against exact ΔH along runs.
public enum StepSize: Experiment {
    public static let name = "step-size"
    public static let question = "How large may a step be before first and second order mispredict ΔH?"
    public static let source = "2602.03392, theorems 3.2 and 3.3 (secondary); second order and exact forms derived"
    public static let setup =
        "64 contexts x 16 tokens, one rewarded token each; from the first policy 19 step sizes from 1e-4 to 3.2 for "
        + "each of 1,024 single logits, one GRPO update (16 completions per context) and one entropy-bonus update; GRPO "
        + "runs of 200 steps by gradient descent at 0.2 and 1 and by Adam at 0.05"

    public static func run(seeds: Int) throws -> ExperimentResult {
        let runs = try inParallel(seeds) { try StepSizeSeed(seed: UInt64($0 + 1)) }
        var panels: [any Chart] = [errorPanel(runs)]
        if let first = runs.first { panels += try [descentPanel(first), adamPanel(first)] }
        return ExperimentResult(
            tables: [errorTable(runs)] + runTables(runs), panels: panels,
            findings: try stepSizeFindings(runs))
    }
}

private func errorPanel(_ runs: [StepSizeSeed]) -> LineChart {
    LineChart(
        title: "Error of predicted ΔH at first order (solid) and second order (dashed)",
        xTitle: "learning rate, or ε of a single logit", yTitle: "error, nats",
        series: StepKind.allCases.flatMap { kind in
            [false, true].map { isSecond in
                let errors = runs.map { isSecond ? $0.errors[kind.rawValue].second : $0.errors[kind.rawValue].first }
                return LineChart.Series(
                    name: "\(kind.name), \(isSecond ? "second order" : "first order")", x: StepSizeSeed.sizes,
                    y: SeedCurves(errors).mean, color: Palette.color(kind.rawValue), isDashed: isSecond)
            }
        }, xKind: .log, yKind: .log, legend: .above, size: ChartSize(width: 676, height: 400))
}

private func descentPanel(_ run: StepSizeSeed) throws -> ScatterChart {
    let measured = run.fast.map(\.measured)
    return ScatterChart(
        title: "ΔH of 200 updates of one run, gradient descent at 1 (seed 1)", xTitle: "predicted ΔH, nats",
        yTitle: "exact ΔH, nats",
        series: [
            ScatterChart.Series(name: "first order", x: run.fast.map(\.predictedFirstOrder), y: measured),
            ScatterChart.Series(name: "second order", x: run.fast.map(\.predictedSecondOrder), y: measured),
        ], hasIdentityLine: true, size: ChartSize(width: 676, height: 380))
}

private func adamPanel(_ run: StepSizeSeed) throws -> ScatterChart {
    let measured = run.adam.map(\.measured)
    let quality = try PredictionQuality(predicted: run.adam.map(\.predictedToken), measured: measured)
    return ScatterChart(
        title: "The same under Adam at 0.05", xTitle: "predicted ΔH, nats", yTitle: "exact ΔH, nats",
        series: [
            ScatterChart.Series(
                name: "tokens: η × theorem 3.3", x: run.adam.map(\.predictedToken), y: measured,
                color: Palette.green),
            ScatterChart.Series(
                name: "∇H · Adam's displacement", x: run.adam.map(\.predictedFirstOrder), y: measured,
                color: Palette.blue),
        ], hasIdentityLine: true,
        notes: ["tokens: slope \(digits(quality.slope, 1)), correlation \(digits(quality.correlation, 2))"],
        size: ChartSize(width: 676, height: 380))
}

private func errorTable(_ runs: [StepSizeSeed]) -> ResultTable {
    let sizes: (name: String, values: [Double?]) = ("step_size", StepSizeSeed.sizes.map(Optional.some))
    return ResultTable(
        "mean_over_seeds_nats",
        columns: [sizes]
            + StepKind.allCases.flatMap { kind in
                let errors = runs.map { $0.errors[kind.rawValue] }
                let curves = [
                    ("exact", errors.map(\.exact)), ("first_order_error", errors.map(\.first)),
                    ("second_order_error", errors.map(\.second)),
                ]
                return curves.map { name, values in
                    ("\(kind.column)_\(name)", SeedCurves(values).mean.map(Optional.some))
                }
            })
}

private func runTables(_ runs: [StepSizeSeed]) -> [ResultTable] {
    guard let run = runs.first else { return [] }
    return [("descent_at_1", run.fast), ("adam_at_0_05", run.adam)].map { name, updates in
        let columns: [(String, (UpdateRecord) -> Double)] = [
            ("update", { Double($0.update) }), ("token_prediction", \.predictedToken),
            ("first_order", \.predictedFirstOrder), ("second_order", \.predictedSecondOrder), ("exact", \.measured),
        ]
        return ResultTable(
            "\(name)_seed_1_nats", columns: columns.map { ($0.0, updates.map($0.1).map(Optional.some)) })
    }
}
