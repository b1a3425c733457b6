// Experiment: how the pass rates of problems are spread at the end of training.

import Plots

/// Shares of problems by pass rate under GRPO, Clip_B and Clip_V, also at equal mean pass rate.
public enum PassRateHistogram: Experiment {
    public static let name = "pass-rates"
    public static let question = "Do problems pile up at pass rates 0 and 1, and does Clip_B move them to the middle?"
    public static let source = "2602.03392, histogram of pass rates (secondary); Clip_V and equal mean derived"
    public static let setup =
        "64 prompts of 3 tokens out of 6, with 1, 2, 4, … 128 of 216 completions right (8 prompts each), 16 prompts x "
        + "16 completions per step, 200 steps of gradient descent at 1; masks sign-aware at μ = 1.5 (Clip_B) and 2 "
        + "(Clip_V), exact pass rates, middle = 0.2 to 0.8"

    public static func run(seeds: Int) throws -> ExperimentResult {
        let runs = try PassRateArm.all(seeds: seeds)
        return ExperimentResult(
            tables: [binTable(runs), seedTable(runs)], panels: [endPanel(runs), equalPanel(runs)],
            findings: [pileFinding(runs)] + PassRateArm.rules.map { shiftFinding($0, runs) }
                + PassRateArm.rules.map { equalFinding($0, runs) })
    }
}

/// [arms][seeds], in the order of `PassRateArm`.
private typealias Runs = [[PassRateRun]]

private func rates(_ arm: PassRateArm, _ runs: Runs) -> [PassRates] { runs[arm.rawValue].map(\.end) }

/// GRPO at the step at which its mean pass rate is nearest to that of an arm's end.
private func equal(_ arm: PassRateArm, _ runs: Runs) -> [PassRates] {
    zip(runs[arm.rawValue], runs[PassRateArm.grpo.rawValue]).map { run, plain in
        plain.history.min { ($0.mean - run.end.mean).magnitude < ($1.mean - run.end.mean).magnitude } ?? run.end
    }
}

private func bars(_ name: String, _ rates: [PassRates], _ color: Color) -> BarChart.Series {
    let shares = SeedCurves(rates.map(\.bins))
    return BarChart.Series(name: name, values: shares.mean, low: shares.low, high: shares.high, color: color)
}

private func histogram(_ title: String, _ series: [BarChart.Series]) -> BarChart {
    BarChart(
        title: title, yTitle: "share of problems (mean and range over seeds), by pass rate",
        groups: (0..<PassRates.count).map { "\(digits(Double($0) / 10, 1))–\(digits(Double($0 + 1) / 10, 1))" },
        series: series, decimals: nil, size: ChartSize(width: 676, height: 320))
}

private func endPanel(_ runs: Runs) -> BarChart {
    histogram(
        "Problems by pass rate after 200 steps",
        [bars("first policy", runs[0].map(\.start), Palette.neutral)]
            + PassRateArm.allCases.map { bars($0.name, rates($0, runs), Palette.color($0.rawValue)) })
}

private func equalPanel(_ runs: Runs) -> BarChart {
    histogram(
        "The same at equal mean pass rate",
        PassRateArm.rules.flatMap { arm in
            [
                bars("GRPO stopped at \(arm.name)'s mean", equal(arm, runs), Palette.color(arm.rawValue + 2)),
                bars(arm.name, rates(arm, runs), Palette.color(arm.rawValue)),
            ]
        })
}

private func pileFinding(_ runs: Runs) -> Finding {
    let (starts, ends) = (runs[0].map(\.start), rates(.grpo, runs))
    let piled = ends.count { rates in
        rates.bins[1..<PassRates.count - 1].allSatisfy { $0 < min(rates.lowest, rates.highest) }
    }
    let grown = zip(starts, ends).count { $0.lowest < $1.lowest }
    return Finding(
        "GRPO piles problems at pass rates 0 and 1 (2602.03392)", holds: piled == ends.count,
        measured: "both outer tenths exceed every other on \(piled) of \(ends.count) seeds: lowest "
            + "\(spread(ends.map(\.lowest), 2)), highest \(spread(ends.map(\.highest), 2)) of the problems; from the first "
            + "policy's \(spread(starts.map(\.lowest), 2)) the lowest grew on \(grown) of \(ends.count) seeds")
}

private func shiftFinding(_ arm: PassRateArm, _ runs: Runs) -> Finding {
    let (ends, plain) = (rates(arm, runs), rates(.grpo, runs))
    let moved = zip(ends, plain).count { $0.outer < $1.outer && $0.middle > $1.middle }
    return Finding(
        "\(arm.name) moves problems from the outer tenths to the middle \(arm == .clipB ? "(2602.03392)" : "(derived)")",
        holds: moved == ends.count,
        measured: "on \(moved) of \(ends.count) seeds; middle \(spread(ends.map(\.middle), 2)) against "
            + "\(spread(plain.map(\.middle), 2)), highest tenth \(spread(ends.map(\.highest), 2)) against "
            + "\(spread(plain.map(\.highest), 2)), lowest \(spread(ends.map(\.lowest), 2)) against "
            + "\(spread(plain.map(\.lowest), 2)); mean pass rate \(spread(ends.map(\.mean))) against "
            + "\(spread(plain.map(\.mean)))")
}

private func equalFinding(_ arm: PassRateArm, _ runs: Runs) -> Finding {
    let (ends, plain) = (rates(arm, runs), equal(arm, runs))
    let more = zip(ends, plain).count { $0.middle > $1.middle }
    return Finding(
        "\(arm.name) has more problems in the middle than GRPO at the same mean pass rate: it is not just slower "
            + "(derived)", holds: more == ends.count,
        measured: "on \(more) of \(ends.count) seeds; middle \(spread(ends.map(\.middle), 2)) against "
            + "\(spread(plain.map(\.middle), 2)), highest tenth \(spread(ends.map(\.highest), 2)) against "
            + "\(spread(plain.map(\.highest), 2)), lowest \(spread(ends.map(\.lowest), 2)) against "
            + "\(spread(plain.map(\.lowest), 2))")
}

private func binTable(_ runs: Runs) -> ResultTable {
    let arms: [(name: String, rates: [PassRates])] =
        [("first_policy", runs[0].map(\.start))] + PassRateArm.allCases.map { ($0.key, rates($0, runs)) }
        + PassRateArm.rules.map { ("grpo_at_mean_of_\($0.key)", equal($0, runs)) }
    return ResultTable(
        "share_of_problems",
        columns: [("pass_rate_from", (0..<PassRates.count).map { Double($0) / Double(PassRates.count) })]
            + arms.map { ($0.name, SeedCurves($0.rates.map(\.bins)).mean.map(Optional.some)) })
}

private func seedTable(_ runs: Runs) -> ResultTable {
    let rows = PassRateArm.allCases.flatMap { arm in runs[arm.rawValue].map { (arm: arm, run: $0) } }
    return ResultTable(
        "ends", rowNames: rows.map { "\($0.arm.key) seed \($0.run.seed)" },
        columns: [
            ("lowest_tenth", rows.map(\.run.end.lowest)), ("middle", rows.map(\.run.end.middle)),
            ("highest_tenth", rows.map(\.run.end.highest)), ("mean_pass_rate", rows.map(\.run.end.mean)),
            ("dropped_fraction", rows.map(\.run.dropped)),
        ])
}
