// Experiment: the batch mean of S* − E[S] vanishes with the number of tokens, where tokens come from the policy itself.

import Plots

/// Root mean squares of batch means over batch sizes, on and off policy, and both batch means along a run.
public enum CentringCheck: Experiment {
    public static let name = "centring"
    public static let question = "How fast does the batch mean of C = S* − E[S] vanish, and does it off policy?"
    public static let source = "2602.03392, corollary 3.5 (secondary); the rate and the off-policy part derived"
    public static let setup =
        "64 contexts x 16 tokens, one rewarded token each, after 20 GRPO steps of gradient descent at 0.2 with 16 "
        + "completions per context; batches of 64 to 65,536 tokens, as many from each context, 200 of the largest and "
        + "more of the smaller, drawn from the policy, from it at temperature 0.8, and from the policy 20 steps before; "
        + "in the second panel the run goes on to step 200"

    /// Sizes in the figure and in the fits, up to 65,536 tokens; the larger ones have fewer than 200 batches.
    static let sizes = 11

    public static func run(seeds: Int) throws -> ExperimentResult {
        let runs = try inParallel(seeds) { try CentringSeed(seed: UInt64($0 + 1)) }
        return ExperimentResult(
            tables: [batchTable(runs), limitTable(runs), runTable(runs)], panels: [sizePanel(runs), runPanel(runs)],
            findings: try centringFindings(runs))
    }
}

private typealias Arm = (name: String, column: String, sampler: CentringSampler, signal: CentringSignal)

private let arms: [Arm] = [
    ("S*, on policy", "discriminant_on_policy", .policy, .discriminant),
    ("C, on policy", "centred_on_policy", .policy, .centred),
    ("C, T = 0.8", "centred_sharper", .sharper, .centred), ("r C, T = 0.8", "weighted_sharper", .sharper, .weighted),
    ("C, stale", "centred_stale", .stale, .centred), ("r C, stale", "weighted_stale", .stale, .weighted),
    ("clipped r C, stale", "clipped_weighted_stale", .stale, .clipped),
]

private func sizePanel(_ runs: [CentringSeed]) -> LineChart {
    func color(_ arm: Arm) -> Color {
        switch (arm.sampler, arm.signal) {
        case (_, .discriminant): Palette.neutral
        case (_, .clipped): Palette.purple
        case (.policy, _): Palette.blue
        case (.sharper, _): Palette.vermilion
        case (.stale, _): Palette.green
        }
    }
    return LineChart(
        title: "Root mean square of the batch mean, by who drew the tokens (r = p / q)", xTitle: "tokens in the batch",
        yTitle: "root mean square, nats",
        series: arms.map { arm in
            LineChart.Series(
                name: arm.name, x: runs.first?.sizes ?? [],
                y: SeedCurves(runs.map { $0.figureSpread(arm.sampler, arm.signal) }).mean, color: color(arm),
                isDashed: arm.signal == .weighted)
        }, xKind: .log, yKind: .log, size: ChartSize(width: 676, height: 400))
}

private func runPanel(_ runs: [CentringSeed]) -> LineChart {
    func line(_ name: String, _ color: Color, _ curve: (CentringSeed) -> [Double]) -> LineChart.Series {
        var series = SeedCurves(runs.map(curve)).series(name, color: color)
        series.x = series.x.map { $0 + 1 }
        return series
    }
    return LineChart(
        title: "Batch means along a GRPO run, 1,024 tokens a step (mean and range over seeds)", xTitle: "step",
        yTitle: "batch mean, nats",
        series: [
            line("S*", Palette.neutral, \.runDiscriminant), line("C = S* − E[S]", Palette.blue, \.runCentred),
        ], size: ChartSize(width: 676, height: 300))
}

private func batchTable(_ runs: [CentringSeed]) -> ResultTable {
    let means = runs.first?.means.first
    let counts: [(name: String, values: [Double?])] = [
        ("tokens", (means?.tokens ?? []).map { Double($0) }),
        ("batches_per_seed", (means?.batches ?? []).map { Double($0) }),
    ]
    return ResultTable(
        "root_mean_square_of_batch_mean_nats",
        columns: counts
            + arms.map { arm in
                (arm.column, SeedCurves(runs.map { $0.spread(arm.sampler, arm.signal) }).mean.map(Optional.some))
            })
}

private func limitTable(_ runs: [CentringSeed]) -> ResultTable {
    ResultTable(
        "exact_mean_per_token_nats", rowNames: arms.map(\.name),
        columns: runs.enumerated().map { seed, run in
            ("seed_\(seed + 1)", arms.map { run.exact($0.sampler, $0.signal).mean })
        })
}

private func runTable(_ runs: [CentringSeed]) -> ResultTable {
    let (s, c) = (SeedCurves(runs.map(\.runDiscriminant)).mean, SeedCurves(runs.map(\.runCentred)))
    return ResultTable(
        "batch_means_of_run_nats",
        columns: [
            ("step", s.indices.map { Double($0 + 1) }), ("discriminant", s.map(Optional.some)),
            ("centred_mean", c.mean.map(Optional.some)), ("centred_low", c.low.map(Optional.some)),
            ("centred_high", c.high.map(Optional.some)),
        ])
}
