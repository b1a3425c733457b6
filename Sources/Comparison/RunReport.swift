// The page of one run folder: what its metrics say, drawn.

public import Analysis
import Plots

/// Everything the page of a run shows; metrics that the run does not log leave their figures out.
public struct RunReport {
    /// Of the run folder.
    public var name: String
    public var curves: RunCurves
    /// config.yaml, verbatim.
    public var configuration: String

    public init(name: String, curves: RunCurves, configuration: String) {
        self.name = name
        self.curves = curves
        self.configuration = configuration
    }

    /// The whole file.
    public func html() -> String {
        let updates = curves.records.count
        var page = HTMLPage(
            title: name, subtitle: "maxwell report · \(counted(steps, "step")), \(counted(updates, "update"))")
        page.facts(facts)
        page.section("Entropy and reward")
        page.figures([entropy, reward])
        let cloud = PredictionCloud(name: "", color: Palette.blue, runs: [curves])
        if curves["entropy/measured_change"] != nil {
            page.section("Predicted and measured")
            page.figures([PredictionFigures.parameter([cloud]), PredictionFigures.token([cloud])])
            page.figures([PredictionFigures.updates(curves, of: nil)])
        }
        let more = effort + tests
        if !more.isEmpty {
            page.section("Control")
            page.figures(more)
        }
        page.section("Groups and completions")
        page.figures([groups, lengths])
        page.section("What it cost")
        page.table(costs, caption: "Seconds by phase, over the whole run.")
        page.section("Configuration")
        page.preformatted(configuration)
        return page.html()
    }

    private var steps: Int { curves.overSteps("reward/mean")?.steps.count ?? 0 }

    /// Odd, about a twelfth of the run.
    private var window: Int { max(1, steps / 24 * 2 + 1) }

    private func line(_ name: String, _ curve: Curve?, _ color: Color, isDashed: Bool = false) -> LineChart.Series? {
        curve.map {
            LineChart.Series(
                name: name, x: $0.steps.map(Double.init), y: $0.values, color: color, isDashed: isDashed)
        }
    }

    private func chart(_ title: String, _ unit: String, _ series: [LineChart.Series?], _ caption: String)
        -> HTMLPage.Figure
    {
        .init(
            LineChart(title: title, xTitle: "step", yTitle: unit, series: series.compactMap { $0 }, legend: .above),
            caption: caption)
    }

    private var facts: [HTMLPage.Fact] {
        func fact(_ name: String, _ metric: String) -> HTMLPage.Fact? {
            let mean = curves.overSteps(metric).flatMap { Curve.mean(over: [$0], window: window) }
            guard let first = mean?.values.first, let last = mean?.values.last else { return nil }
            return .init(name, decimal(last, 3), note: "from \(decimal(first, 3))")
        }
        let prediction = PredictionFigures.quality(
            [PredictionCloud(name: "", color: Palette.blue, runs: [curves])], "entropy/predicted_parameter")
        return [
            fact("reward", "reward/mean"), fact("entropy, nats per token", "entropy/before"),
            prediction.map {
                .init("ΔH predicted, R²", decimal($0.r2Identity, 3), note: "parameter space, \($0.n) updates")
            },
        ].compactMap { $0 }
    }

    private var entropy: HTMLPage.Figure {
        chart(
            "Entropy", "nats per token",
            [
                line("entropy", curves.overSteps("entropy/before"), Palette.blue),
                line("target", curves.overSteps("thermostat/target"), Palette.neutral, isDashed: true),
            ], "Exact entropy of the policy on the tokens of each step, before its updates.")
    }

    private var reward: HTMLPage.Figure {
        let lines = curves.overSteps("reward/mean").map {
            LineChart.Series.overSeeds("reward", [$0], window: window, color: Palette.blue)
        }
        return chart(
            "Reward", "mean over the step's completions", (lines?.pale ?? []) + (lines?.strong ?? []),
            "Pale: each step; strong: the mean over \(counted(window, "step")).")
    }

    private var effort: [HTMLPage.Figure] {
        func figure(_ title: String, _ unit: String, _ curve: Curve?, _ caption: String) -> HTMLPage.Figure? {
            guard var curve else { return nil }
            curve.values = curve.values.map { 100 * $0 }
            return chart(title, unit, [line(title, curve, Palette.blue)], caption)
        }
        return [
            figure("Tokens dropped", "% of all tokens", curves.droppedShare, "By token rules."),
            figure(
                "Length of the correction", "% of the step or gradient", curves.correctionShare,
                "What the thermostat adds, over what it adds it to, in the optimiser's metric."),
        ].compactMap { $0 }
    }

    private var tests: [HTMLPage.Figure] {
        guard let tested = curves.overSteps("early_stopping/pass_at_1") else { return [] }
        return [
            chart(
                "Tests of early stopping", "pass@1",
                [
                    line("test", tested, Palette.blue),
                    line("peak", curves.overSteps("early_stopping/peak"), Palette.neutral, isDashed: true),
                ], "The latest test before each step, and the best of its campaign.")
        ]
    }

    private var groups: HTMLPage.Figure {
        chart(
            "Groups", "share of prompts",
            [
                line("all solved", curves.overSteps("group/solved_all_share"), Palette.green),
                line("some", curves.overSteps("group/solved_some_share"), Palette.blue),
                line("none", curves.overSteps("group/solved_none_share"), Palette.vermilion),
            ],
            "Prompts by how many of their completions are correct. Only those with some carry an advantage where rewards "
                + "are right or wrong.")
    }

    private var lengths: HTMLPage.Figure {
        chart(
            "Length", "tokens per completion",
            [line("length", curves.overSteps("completion/length_mean"), Palette.blue)],
            "The stop token included.")
    }

    private var costs: HTMLTable {
        let phases = curves.names.filter { $0.hasPrefix("seconds/") }
        let seconds = phases.map { curves[$0]?.values.reduce(0, +) ?? 0 }
        let tokens = curves.overSteps("tokens/completion")?.values.reduce(0, +) ?? 0
        return HTMLTable(
            columns: phases.map { .init(String($0.dropFirst("seconds/".count))) } + [
                .init("all"), .init("sampled tokens"),
            ],
            rows: [
                seconds.map { .init($0, decimals: 1) } + [
                    .init(seconds.reduce(0, +), decimals: 1), .init(magnitude(tokens)),
                ]
            ])
    }
}
