// What fixed and ramped entropy bonuses came to: figure and tables.

import Plots

struct EntropyBonusResult {
    typealias Experiment = EntropyBonusHysteresis
    var runs: [Experiment.Runs]
    var ramps: [Experiment.Ramp]
    var returns: [BonusReturn]
    /// H of the uniform policy, nats.
    static let largest = BonusBalance(vocabulary: BonusSetting.vocabulary, normalisesStd: true).entropy(
        1 / Double(BonusSetting.vocabulary))

    var result: ExperimentResult { ExperimentResult(tables: tables, panels: panels, findings: findings) }

    func runs(of setting: BonusSetting) -> Experiment.Runs? { runs.first { $0.setting == setting } }
    func ramp(of setting: BonusSetting, steps: Int) -> Experiment.Ramp? {
        ramps.first { $0.setting == setting && $0.steps == steps }
    }

    private var tables: [ResultTable] {
        let ends = ResultTable(
            "final_entropy_nats", rowNames: Experiment.coefficients.map { "coefficient \(digits($0, 2))" },
            columns: [("coefficient", Experiment.coefficients)]
                + runs.flatMap { run in
                    let name = Self.column(run.setting)
                    return [
                        ("\(name)_fresh", run.fresh.map { mean($0.ends) }),
                        ("\(name)_collapsed", run.collapsed.map { mean($0.ends) }),
                        (
                            "\(name)_derived_fresh",
                            Experiment.coefficients.map { run.setting.balance.freshEntropy(at: $0) }
                        ),
                    ]
                })
        let loop = ResultTable(
            "ramp_entropy_nats", rowNames: Experiment.ramped.map { "coefficient \(digits($0, 2))" },
            columns: [("coefficient", Experiment.ramped)]
                + ramps.flatMap { ramp in
                    let name = "\(Self.column(ramp.setting))_\(ramp.steps)_steps"
                    return [("\(name)_up", ramp.up.mean), ("\(name)_down", ramp.down.mean)]
                })
        let times = ResultTable(
            "recovery_steps", rowNames: returns.map(\.name),
            columns: [
                ("coefficient", returns.map(\.coefficient)), ("collapsed_entropy_nats", returns.map(\.depth)),
                ("returned_share", returns.map { Double($0.steps.count(where: \.isFinite)) / Double($0.steps.count) }),
                ("steps_to_1_nat", returns.map { $0.steps.allSatisfy(\.isFinite) ? mean($0.steps) : nil }),
            ])
        return [ends, loop, times]
    }

    private static func column(_ setting: BonusSetting) -> String {
        (setting.normalisesStd ? "grpo_" : "centred_") + (setting.completions.map { "\($0)" } ?? "exact")
    }

    private var panels: [any Chart] { [mainPanel, otherPanel, curvePanel, rampPanel].compactMap { $0 } }

    private func ends(_ curves: [SeedCurves], _ name: String, _ color: Color, isDashed: Bool = false)
        -> LineChart.Series
    {
        LineChart.Series(
            name: name, x: Experiment.coefficients, y: curves.map { mean($0.ends) },
            low: curves.map { $0.ends.min() ?? .nan }, high: curves.map { $0.ends.max() ?? .nan }, color: color,
            isDashed: isDashed)
    }

    private func againstCoefficient(_ title: String, _ series: [LineChart.Series]) -> LineChart {
        LineChart(
            title: title, xTitle: "coefficient of the bonus", yTitle: "entropy after 200 steps, nats per token",
            series: series, xKind: .log, xRange: 0.1...4, yRange: 0...3, legend: .above,
            size: ChartSize(width: 676, height: 300))
    }

    private var mainPanel: LineChart? {
        guard let main = runs(of: Experiment.main) else { return nil }
        let states = main.setting.balance.states()
        return againstCoefficient(
            "Where a fixed coefficient ends: \(main.setting.name)",
            [
                LineChart.Series(
                    name: "standstill, derived", x: states.map(\.coefficient), y: states.map(\.entropy),
                    color: Palette.neutral, isDashed: true),
                ends(main.fresh, "from a fresh policy", Palette.blue),
                ends(main.collapsed, "from a collapsed policy", Palette.vermilion),
            ])
    }

    private var otherPanel: LineChart {
        againstCoefficient(
            "The same for other advantages (dashed: from a collapsed policy)",
            zip(runs.filter { $0.setting != Experiment.main }, [Palette.green, Palette.purple, Palette.orange]).flatMap
            {
                [ends($0.fresh, $0.setting.name, $1), ends($0.collapsed, "", $1, isDashed: true)]
            })
    }

    private var curvePanel: LineChart? {
        guard let main = runs(of: Experiment.main) else { return nil }
        func series(_ curves: [SeedCurves], _ coefficients: [Double], _ start: String, _ isDashed: Bool)
            -> [LineChart.Series]
        {
            coefficients.enumerated().compactMap { place, coefficient in
                Experiment.coefficients.firstIndex(of: coefficient).map { index in
                    curves[index].series(
                        "\(start), \(digits(coefficient, 2))", color: Palette.color(place), isDashed: isDashed)
                }
            }
        }
        return LineChart(
            title: "\(main.setting.name): entropy at four coefficients, from both starts", xTitle: "step",
            yTitle: "entropy, nats per token",
            series: series(main.fresh, [0.4, 0.8, 1.25, 4], "fresh", false)
                + series(main.collapsed, [0.8, 1.25, 4], "collapsed", true).enumerated().map { index, series in
                    var series = series
                    series.color = Palette.color(index + 1)
                    return series
                }, yRange: 0...3, size: ChartSize(width: 676, height: 320))
    }

    private var rampPanel: LineChart {
        let colors = [(Experiment.main, Palette.blue), (Experiment.centred, Palette.orange)]
        let series = colors.flatMap { setting, color -> [LineChart.Series] in
            guard let ramp = ramp(of: setting, steps: Experiment.rampSteps[1]) else { return [] }
            return [(ramp.up, "rising", false), (ramp.down, "falling", true)].map { curves, way, isDashed in
                LineChart.Series(
                    name: "\(setting.name), \(way)", x: Experiment.ramped, y: curves.mean, low: curves.low,
                    high: curves.high, color: color, isDashed: isDashed)
            }
        }
        return LineChart(
            title: "A coefficient that rises and falls again, \(Experiment.rampSteps[1]) steps at each value",
            xTitle: "coefficient of the bonus", yTitle: "entropy, nats per token", series: series, xKind: .log,
            yRange: 0...3, legend: .above, size: ChartSize(width: 676, height: 320))
    }
}
