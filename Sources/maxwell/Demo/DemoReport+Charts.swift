// The report's charts.

import Analysis
import Comparison
import Plots

extension DemoReport {
    var entropyFigure: HTMLPage.Figure {
        let starts = summary.arms.indices.compactMap { curves(ofArm: $0)?["entropy/before"]?.values.first }
        let start = Spread(starts).mean
        return .init(
            LineChart(
                title: "Entropy", xTitle: "update", yTitle: "nats per token",
                series: seriesOverSeeds("entropy/before", window: 1),
                annotations: start.isFinite ? [.init(.y(start), label: "start")] : []),
            caption: "Exact entropy of the policy on the tokens of each update, before it. "
                + (hasSeveralSeeds ? "Pale: each seed; strong: their mean." : ""))
    }

    var rewardFigure: HTMLPage.Figure {
        let window = rewardWindow
        return .init(
            LineChart(
                title: "Reward", xTitle: "update",
                yTitle: "mean of \(summary.promptsPerStep * summary.completionsPerPrompt) completions",
                series: seriesOverSeeds("reward/mean", window: window)),
            caption: (hasSeveralSeeds ? "Pale: each seed; strong: their mean" : "Pale: each update; strong: the mean")
                + (window > 1 ? " over \(window) updates." : "."))
    }

    /// Odd, about a twelfth of the run.
    private var rewardWindow: Int { max(1, summary.steps / 24 * 2 + 1) }

    private func seriesOverSeeds(_ metric: String, window: Int) -> [LineChart.Series] {
        let lines = contenders.map { contender in
            LineChart.Series.overSeeds(
                contender.name, contender.arms.compactMap { curves(ofArm: $0)?[metric] }, window: window,
                color: contender.color)
        }
        // All pale curves first: none may lie over a strong one.
        return lines.flatMap(\.pale) + lines.flatMap(\.strong)
    }

    var passFigure: HTMLPage.Figure {
        let intervals: [(HeldOut) -> Interval] = [{ $0.passAt1 }, { $0.passAt4 }, { $0.passAt16 }]
        let series = contenders.map { contender in
            let after = intervals.map { interval in spread(contender.arms) { interval($0.after).value } }
            let hasSeeds = contender.arms.count > 1
            return BarChart.Series(
                name: contender.name, values: after.map(\.mean),
                low: hasSeeds
                    ? after.map(\.low) : intervals.map { interval in mean(contender) { interval($0.after).lower } },
                high: hasSeeds
                    ? after.map(\.high) : intervals.map { interval in mean(contender) { interval($0.after).upper } },
                before: intervals.map { interval in mean(contender) { interval($0.before).value } },
                color: contender.color)
        }
        let whiskers =
            hasSeveralSeeds
            ? "Bars are means over seeds, whiskers run from the lowest seed to the highest."
            : "Whiskers are 95 % bootstrap intervals over problems."
        return .init(
            BarChart(
                title: "pass@k after training", yTitle: "share of \(summary.heldOutProblems) held-out problems",
                groups: ["pass@1", "pass@4", "pass@16"], series: series, beforeName: "start",
                size: ChartSize(width: 560, height: 400)),
            caption: whiskers + " The black line is the model before training.")
    }

    var tradeFigure: HTMLPage.Figure {
        var series = contenders.map { contender in
            ScatterChart.Series(
                name: contender.name, x: contender.arms.map { summary.arms[$0].after.passAt1.value },
                y: contender.arms.map { summary.arms[$0].after.passAt16.value }, color: contender.color)
        }
        let all = Array(summary.arms.indices)
        series.append(
            .init(
                name: "start", x: [spread(all) { $0.before.passAt1.value }.mean],
                y: [spread(all) { $0.before.passAt16.value }.mean], color: Palette.neutral))
        return .init(
            ScatterChart(
                title: "What was won and what was given up", xTitle: "pass@1", yTitle: "pass@16", series: series,
                size: ChartSize(width: 560, height: 400)),
            caption: "One point per arm. To the right: more often right at once; up: more problems within reach.")
    }

    var parameterFigure: HTMLPage.Figure {
        let (quality, _) = pooledQuality("entropy/predicted_parameter")
        return .init(
            ScatterChart(
                title: "Predicted in parameter space", xTitle: "predicted ΔH, nats", yTitle: "measured ΔH, nats",
                series: clouds("entropy/predicted_parameter"), hasIdentityLine: true,
                notes: quality.map {
                    [
                        "R² \(decimal($0.r2Identity, 3))", "slope \(decimal($0.slope, 2))",
                        "\($0.n) updates",
                    ]
                } ?? []),
            caption: "∇H·Δθ: entropy's gradient along the step the optimiser really took. A perfect prediction lies "
                + "on y = x.")
    }

    var tokenFigure: HTMLPage.Figure {
        let (quality, _) = pooledQuality("entropy/predicted_token")
        return .init(
            ScatterChart(
                title: "Predicted from tokens", xTitle: "predicted ΔH, nats for free logits",
                yTitle: "measured ΔH, nats", series: clouds("entropy/predicted_token"),
                lines: quality.map { [.init(slope: $0.slope, intercept: $0.intercept, name: "best fit")] } ?? [],
                notes: quality.map { ["correlation \(decimal($0.correlation, 2))"] } ?? []),
            caption: "The sum over tokens of advantage times −(S* − E[S]), exact for free logits and plain gradient "
                + "descent. Under Adam with shared weights its scale means nothing: only the correlation does, and the "
                + "use of it is to say which tokens push which way.")
    }

    /// Steps with both numbers, in all arms of the algorithm.
    func predictedAndMeasured(
        _ contender: Contender, _ prediction: String
    ) -> [(predicted: Double, measured: Double)] {
        contender.arms.flatMap { index -> [(predicted: Double, measured: Double)] in
            guard let pairs = try? curves(ofArm: index)?.paired(prediction, "entropy/measured_change") else {
                return []
            }
            return zip(pairs.first, pairs.second).map { (predicted: $0, measured: $1) }
        }
    }

    private func clouds(_ prediction: String) -> [ScatterChart.Series] {
        contenders.map { contender in
            let pairs = predictedAndMeasured(contender, prediction)
            return .init(
                name: contender.name, x: pairs.map(\.predicted), y: pairs.map(\.measured), color: contender.color)
        }
    }

    /// One arm, update by update: the baseline's first that has curves.
    var updatesFigure: HTMLPage.Figure {
        let index = (baseline?.arms ?? []).first { curves(ofArm: $0)?["entropy/measured_change"] != nil }
        let run = index.flatMap { curves(ofArm: $0) }
        func line(_ name: String, _ metric: String, _ color: Color, isDashed: Bool) -> LineChart.Series? {
            run?[metric].map {
                .init(name: name, x: $0.steps.map(Double.init), y: $0.values, color: color, isDashed: isDashed)
            }
        }
        let arm = index.map { label(ofArm: $0) }
        return .init(
            LineChart(
                title: "ΔH of each update" + (arm.map { ": \($0)" } ?? ""), xTitle: "update", yTitle: "nats per token",
                series: [
                    line("measured", "entropy/measured_change", Palette.neutral, isDashed: false),
                    line("predicted", "entropy/predicted_parameter", Palette.vermilion, isDashed: true),
                ].compactMap { $0 }, legend: .above),
            caption: "The parameter-space prediction knows the policy before the step and the step; the measurement is "
                + "made after it. Where they part, the step was too long for a first-order estimate.")
    }

    var droppedFigure: HTMLPage.Figure {
        let signs = [("dropped_positive", "A > 0", false), ("dropped_negative", "A < 0", true)]
        var series: [LineChart.Series] = []
        for contender in contenders {
            for (metric, sign, isDashed) in signs {
                let found = contender.arms.compactMap { ruleMetric(metric, ofArm: $0) }
                guard let mean = Curve.mean(over: found, window: rewardWindow) else { continue }
                series.append(
                    .init(
                        name: "\(contender.name), \(sign)", x: mean.steps.map(Double.init),
                        y: mean.values.map { 100 * $0 }, color: contender.color, isDashed: isDashed))
            }
        }
        return .init(
            LineChart(
                title: "Tokens dropped by the rule", xTitle: "update",
                yTitle: "% of the tokens with that sign of advantage", series: series, legend: .above),
            caption: "Mean over \(hasSeveralSeeds ? "seeds and " : "")\(counted(rewardWindow, "update")). "
                + "Algorithms without a rule have no line.")
    }

    /// The metric of that name that the arm's rule logs, whatever the rule is called.
    private func ruleMetric(_ name: String, ofArm index: Int) -> Curve? {
        guard let run = curves(ofArm: index) else { return nil }
        return run.names.first { $0.hasPrefix("algorithm/") && $0.hasSuffix("/" + name) }.flatMap { run[$0] }
    }
}
