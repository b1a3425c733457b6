// The figures of a comparison.

import Analysis
import Plots

extension ComparisonReport {
    /// Odd, about a twelfth of the run.
    private var window: Int { max(1, summary.setting.steps / 24 * 2 + 1) }

    private var hasSeveralSeeds: Bool { summary.arms.contains { $0.seeds.count > 1 } }

    private var smoothing: String {
        (hasSeveralSeeds ? "Pale: each seed; strong: their mean" : "Pale: each step; strong: the mean")
            + (window > 1 ? " over \(window) steps." : ".")
    }

    /// One line per arm, and its seeds behind it.
    private func series(_ curve: (RunCurves) -> Curve?, window: Int) -> [LineChart.Series] {
        let drawn = lines.map { line in
            LineChart.Series.overSeeds(
                line.arm.name, line.runs.compactMap(curve), window: window, color: line.color, isDashed: line.isDashed)
        }
        return drawn.flatMap(\.pale) + drawn.flatMap(\.strong)
    }

    var entropyFigure: HTMLPage.Figure {
        let starts = curves.compactMap { $0.overSteps("entropy/before")?.values.first }
        let start = average(starts)
        return .init(
            LineChart(
                title: "Entropy", xTitle: "step", yTitle: "nats per token",
                series: series({ $0.overSteps("entropy/before") }, window: 1),
                annotations: start.isFinite ? [.init(.y(start), label: "start")] : [],
                size: ChartSize(width: 560, height: 380)),
            caption: "Exact entropy of the policy on the tokens of each step, before its updates. "
                + (hasSeveralSeeds ? "Pale: each seed; strong: their mean." : ""))
    }

    var rewardFigure: HTMLPage.Figure {
        .init(
            LineChart(
                title: "Reward", xTitle: "step", yTitle: "mean over the step's completions",
                series: series({ $0.overSteps("reward/mean") }, window: window),
                size: ChartSize(width: 560, height: 380)),
            caption: "The verifier's reward on training prompts, over everything a step sampled. " + smoothing)
    }

    var passCurveFigure: HTMLPage.Figure {
        var series = lines.map { line in
            LineChart.Series(
                name: line.arm.name, x: line.arm.passAtK.map { Double($0.k) }, y: line.arm.passAtK.map(\.pass.value),
                low: lines.count > 2 ? nil : line.arm.passAtK.map(\.pass.lower),
                high: lines.count > 2 ? nil : line.arm.passAtK.map(\.pass.upper), color: line.color,
                isDashed: line.isDashed)
        }
        series.append(
            LineChart.Series(
                name: "start", x: summary.start.passAtK.map { Double($0.k) },
                y: summary.start.passAtK.map(\.pass.value),
                color: Palette.neutral, isDashed: true))
        return .init(
            LineChart(
                title: "pass@k", xTitle: "k", yTitle: "share of \(summary.evaluation.problems) held-out problems",
                series: series, xKind: .log, size: ChartSize(width: 560, height: 420)),
            caption: "After training, means over seeds; dashed grey: before. Where a curve falls below the start, "
                + "problems have gone out of reach. Intervals are in the table.")
    }

    /// Differences to the baseline, with their intervals.
    var differenceFigure: HTMLPage.Figure {
        let ks = Array(Set([1, 4, lastK])).filter { summary.evaluation.ks.contains($0) }.sorted()
        let others = lines.filter { $0.arm.name != summary.baseline }
        let series = others.map { line in
            let found = ks.map { line.arm.pass($0)?.againstBaseline }
            return BarChart.Series(
                name: line.arm.name, values: found.map { 100 * ($0?.value ?? .nan) },
                low: found.map { 100 * ($0?.lower ?? .nan) }, high: found.map { 100 * ($0?.upper ?? .nan) },
                color: line.color)
        }
        return .init(
            BarChart(
                title: "Against \(summary.baseline)", yTitle: "points of pass@k", groups: ks.map { "pass@\($0)" },
                series: series, decimals: 1, size: ChartSize(width: 560, height: 420)),
            caption: "pass@k minus that of \(summary.baseline) at the same seeds, problem by problem; whiskers: 95 % "
                + "intervals over seeds and problems.")
    }

    var tradeFigure: HTMLPage.Figure {
        var series = lines.map { line in
            ScatterChart.Series(
                name: line.arm.name, x: line.arm.pass(1)?.seeds ?? [], y: line.arm.pass(lastK)?.seeds ?? [],
                color: line.color, isHollow: line.isDashed)
        }
        series.append(
            ScatterChart.Series(
                name: "start", x: summary.start.passAtK.prefix(1).map(\.pass.value),
                y: summary.start.passAtK.suffix(1).map(\.pass.value), color: Palette.neutral,
                isHollow: true))
        return .init(
            ScatterChart(
                title: "What was won and what was given up", xTitle: "pass@1", yTitle: "pass@\(lastK)", series: series,
                size: ChartSize(width: 560, height: 400)),
            caption: "One point per run. To the right: more often right at once; up: more problems within reach.")
    }

    var droppedFigure: HTMLPage.Figure {
        effortFigure(
            "Tokens dropped", "% of all tokens", { $0.droppedShare },
            caption:
                "By token rules, as a mean over seeds and \(counted(window, "step")). Arms that weigh tokens without "
                + "dropping any have no line.")
    }

    var correctionFigure: HTMLPage.Figure {
        effortFigure(
            "Length of the correction", "% of the step or gradient", { $0.correctionShare },
            caption:
                "What a thermostat adds, over what it adds it to, in the optimiser's metric; a mean over seeds and "
                + "\(counted(window, "step")).")
    }

    private func effortFigure(
        _ title: String, _ unit: String, _ curve: (RunCurves) -> Curve?, caption: String
    ) -> HTMLPage.Figure {
        let series = lines.compactMap { line -> LineChart.Series? in
            guard let mean = Curve.mean(over: line.runs.compactMap(curve), window: window) else { return nil }
            return LineChart.Series(
                name: line.arm.name, x: mean.steps.map(Double.init), y: mean.values.map { 100 * $0 }, color: line.color,
                isDashed: line.isDashed)
        }
        return .init(
            LineChart(
                title: title, xTitle: "step", yTitle: unit, series: series, size: ChartSize(width: 560, height: 340)),
            caption: caption)
    }

    /// Reward gained over entropy lost, as training goes on.
    var pathFigure: HTMLPage.Figure {
        // paths need more smoothing than curves: both coordinates are noisy
        let window = 3 * window
        let series = lines.compactMap { line -> LineChart.Series? in
            let entropy = Curve.mean(over: line.runs.compactMap { $0.overSteps("entropy/before") }, window: window)
            let reward = Curve.mean(over: line.runs.compactMap { $0.overSteps("reward/mean") }, window: window)
            guard let entropy, let reward, let first = entropy.values.first, let least = reward.values.first else {
                return nil
            }
            return LineChart.Series(
                name: line.arm.name, x: entropy.values.map { first - $0 }, y: reward.values.map { $0 - least },
                color: line.color, isDashed: line.isDashed)
        }
        return .init(
            LineChart(
                title: "Reward gained per entropy lost", xTitle: "entropy lost, nats per token",
                yTitle: "reward gained",
                series: series, size: ChartSize(width: 560, height: 400)),
            caption: "Training reward and entropy since the first step, both as means over seeds and "
                + "\(counted(window, "step")); a steeper path buys more reward per nat. A line that goes left wins "
                + "entropy back.")
    }
}
