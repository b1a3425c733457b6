// Experiment: how much reward each nat of divergence could buy, and how much each algorithm gets for it.

import Algorithms
import EntropyDynamics
import Plots

/// Each algorithm's path in the plane of KL from the first policy and pass rate, under the closed-form frontier.
public enum Frontier: Experiment {
    public static let name = "frontier"
    public static let question = "How near do algorithms come to the most reward that their divergence could buy?"
    public static let source = "exponential tilt of 2106.03931, binary case (derived)"
    public static let setup =
        "32 prompts, sequences of 3 tokens from 5, 3 of 125 sequences correct, 16 completions per prompt and step, 250 "
        + "steps of gradient descent at 0.2; Clip_B and Clip_V sign-aware at 2 σ, entropy coefficient 0.3"

    static let algorithms = [
        ("GRPO", "name: grpo"), ("GRPO without std", "name: grpo, normalise_std: false"),
        ("Clip_B", "name: clip_b, mu_neg: 2, mu_pos: 2"), ("Clip_V", "name: clip_v, mu_neg: 2, mu_pos: 2"),
        ("entropy bonus", "name: grpo, entropy_coefficient: 0.3"),
    ]

    private struct Path: Sendable {
        var divergence: [Double]
        var reward: [Double]
        var bases: [Double]
        /// Mean gain over the gain of the frontier at the same mean divergence, per step.
        var efficiency: [Double?]
    }

    public static func run(seeds: Int) throws -> ExperimentResult {
        let paths = try algorithms.map { _, yaml in try inParallel(seeds) { try path(yaml, seed: UInt64($0 + 1)) } }
        let base = paths[0][0]
        let frontier = try MeanRewardFrontier(basePassRates: base.bases)
        let longest = paths.map { $0[0].divergence.max() ?? 0 }.max() ?? 1
        let budgets = (0...100).map { longest * Double($0) / 100 }
        let chart = LineChart(
            title: "Pass rate against divergence from the first policy, seed 1",
            xTitle: "KL(policy ‖ first), nats per completion",
            yTitle: "expected pass rate",
            series: [
                LineChart.Series(
                    name: "frontier", x: budgets, y: budgets.map { frontier.passRate(withinMeanDivergence: $0) },
                    isDashed: true)
            ]
                + zip(algorithms, paths).map { LineChart.Series(name: $0.0, x: $1[0].divergence, y: $1[0].reward) },
            legend: .above, size: ChartSize(width: 676, height: 400))
        let above =
            zip(algorithms, paths).flatMap { _, seeds in
                seeds.flatMap { path in path.efficiency.compactMap { $0 } }
            }.max() ?? .nan
        // All are asked at the divergence that the shortest path of a seed reaches.
        let common = (0..<seeds).map { seed in paths.map { $0[seed].divergence.max() ?? 0 }.min() ?? 0 }
        let byArm = paths.map { seeds in zip(seeds, common).compactMap { efficiency($0, within: $1) } }
        let ends = paths.map { seeds in seeds.map { $0.efficiency.last.flatMap { $0 } ?? .nan } }
        let keeping = algorithms.indices.dropFirst(2)
        return ExperimentResult(
            tables: [
                ResultTable(
                    "frontier_seed_1",
                    columns: [
                        ("divergence", budgets),
                        ("pass_rate", budgets.map { frontier.passRate(withinMeanDivergence: $0) }),
                    ]),
                ResultTable(
                    "paths_seed_1",
                    columns: zip(algorithms, paths).flatMap {
                        [
                            ("divergence_\(identifier($0.0))", $1[0].divergence),
                            ("pass_rate_\(identifier($0.0))", $1[0].reward),
                        ]
                    }),
                ResultTable(
                    "efficiency", rowNames: algorithms.map(\.0),
                    columns: [("at_common_divergence", byArm.map { mean($0) }), ("at_the_end", ends.map { mean($0) })]),
            ], panels: [chart],
            findings: [
                Finding(
                    "No policy gets more reward than the frontier at its divergence", holds: above <= 1 + 1e-9,
                    measured: "largest share of the frontier's gain \(digits(above, 4))"),
                Finding(
                    "At equal divergence no algorithm gets nine tenths of what the frontier would",
                    holds: byArm.allSatisfy { $0.allSatisfy { $0 < 0.9 } },
                    measured: "at \(spread(common, 2)) nats: "
                        + zip(algorithms, byArm).map { "\($0.0) \(spread($1, 2))" }.joined(separator: "; ")),
                Finding(
                    "Algorithms that keep entropy buy more reward per nat than GRPO",
                    holds: keeping.allSatisfy { arm in zip(byArm[arm], byArm[0]).allSatisfy { $0 > $1 } },
                    measured: "at the end of each path: "
                        + zip(algorithms, ends).map { "\($0.0) \(spread($1, 2))" }.joined(separator: "; ")),
            ])
    }

    private static func path(_ yaml: String, seed: UInt64) throws -> Path {
        let task = try TableTask.random(prompts: 32, vocabulary: 5, length: 3, solutions: 3, seed: seed)
        var simulator = try Simulator(
            task, catalogueAlgorithm(yaml),
            SimulationSettings().with {
                $0.steps = 250
                $0.seed = seed
            })
        let bases = simulator.policy.expectedRewards(task.values)
        let run = try simulator.run()
        let frontier = try MeanRewardFrontier(basePassRates: bases)
        return Path(
            divergence: run.divergence, reward: run.passRate, bases: bases,
            efficiency: zip(run.passRate, run.divergence).map { frontier.efficiency(reward: $0, meanDivergence: $1) })
    }

    /// The share of the frontier's gain at the last step within a divergence.
    private static func efficiency(_ path: Path, within divergence: Double) -> Double? {
        path.divergence.lastIndex { $0 <= divergence }.flatMap { path.efficiency[$0] }
    }
}
