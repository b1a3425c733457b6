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

    var parameterFigure: HTMLPage.Figure { PredictionFigures.parameter(clouds(contenders)) }

    var tokenFigure: HTMLPage.Figure { PredictionFigures.token(clouds(contenders)) }

    func clouds(_ contenders: [Contender]) -> [PredictionCloud] {
        contenders.map { contender in
            PredictionCloud(
                name: contender.name, color: contender.color, runs: contender.arms.compactMap { curves(ofArm: $0) })
        }
    }

    /// One arm, update by update: the baseline's first that has curves.
    var updatesFigure: HTMLPage.Figure {
        let index = (baseline?.arms ?? []).first { curves(ofArm: $0)?["entropy/measured_change"] != nil }
        let run = index.flatMap { curves(ofArm: $0) }
        return PredictionFigures.updates(run, of: index.map { label(ofArm: $0) })
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
