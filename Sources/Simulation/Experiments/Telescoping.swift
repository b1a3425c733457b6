// Experiment: how much of "true minus random" is reward design, and how much elicitation (2606.05932).

import Algorithms
import Analysis
import Plots

/// Four arms from one policy: no update, coin-flip reward, the group's majority, the truth.
public enum Telescoping: Experiment {
    public static let name = "telescoping"
    public static let question = "What part of the gain over a random reward is owed to the reward's being true?"
    public static let source = "2606.05932, partition and simulator (secondary; its KL term of 0.01 is left out here)"
    public static let setup =
        "40 prompts x 8 answers, 2 correct, one wrong answer favoured by ln 2.6; prior mass on the correct ones 0.20 to "
        + "0.80; 16 prompts x 8 completions per step, 200 steps of gradient descent at 0.05 with GRPO"

    private static let priors = [0.20, 0.35, 0.50, 0.65, 0.80]

    public static func run(seeds: Int) throws -> ExperimentResult {
        // A verdict needs an interval over seeds, and an interval needs a few.
        let count = max(2, seeds)
        let audits = try priors.enumerated().map { index, prior in
            let accuracies = try inParallel(count) { try fourArms(prior: prior, seed: UInt64($0 + 1)) }
            let arms = try AuditArms(
                frozen: accuracies.map { $0[0] }, random: accuracies.map { $0[1] },
                spurious: accuracies.map { $0[2] }, truth: accuracies.map { $0[3] })
            return try TelescopingAudit(arms, seed: UInt64(index + 1))
        }
        let parts: [(String, [Double])] = [
            ("null", audits.map(\.null.value)), ("elicitation", audits.map(\.elicitation.value)),
            ("reward design", audits.map(\.rewardDesign.value)),
        ]
        let chart = BarChart(
            title: "Parts of the accuracy gained, by prior mass on correct answers", yTitle: "accuracy (pass@1)",
            groups: priors.map { "prior \(digits($0, 2))" },
            series: parts.map { BarChart.Series(name: $0.0, values: $0.1) }, size: ChartSize(width: 676, height: 380))
        let exact = audits.map { abs($0.null.value + $0.elicitation.value + $0.rewardDesign.value - $0.total.value) }
        let shares = audits.map { $0.rewardDesign.value / $0.naive.value }
        return ExperimentResult(
            tables: [
                ResultTable(
                    "parts", rowNames: priors.map { digits($0, 2) },
                    columns: parts.map { (identifier($0.0), $0.1) } + [
                        ("total", audits.map(\.total.value)), ("naive", audits.map(\.naive.value)),
                        ("reward_design_share_of_naive", shares),
                    ])
            ], panels: [chart],
            findings: [
                Finding(
                    "null + elicitation + reward design = total", holds: exact.allSatisfy { $0 < 1e-12 },
                    measured: "largest remainder \(scientific(exact.max() ?? .nan))"),
                Finding(
                    "A coin-flip reward neither teaches nor harms (|null| below 0.02)",
                    holds: audits.allSatisfy { abs($0.null.value) < 0.02 },
                    measured: parts[0].1.map { digits($0, 3) }.joined(separator: ", ")),
                Finding(
                    "Elicitation changes sign as the prior grows: the majority misleads a weak policy and helps a strong one",
                    holds: parts[1].1[0] < 0 && parts[1].1[4] > 0,
                    measured: parts[1].1.map { digits($0, 3) }.joined(separator: ", ")),
                Finding(
                    "Reward design's share of true minus random falls from above 100 % to near nothing "
                        + "(paper: 139 % at prior 0.20, 5 % at 0.80)",
                    holds: shares[0] > 1 && shares[4] < 0.2 && zip(shares, shares.dropFirst()).allSatisfy { $0 > $1 },
                    measured: shares.map { "\(digits(100 * $0, 0)) %" }.joined(separator: ", ")),
            ])
    }

    /// Final accuracies of frozen, random, spurious and true rewards.
    private static func fourArms(prior: Double, seed: UInt64) throws -> [Double] {
        let task = try priorTask(prior, seed: seed)
        let grpo = try catalogueAlgorithm("name: grpo")
        let settings = SimulationSettings().with {
            $0.promptsPerStep = 16
            $0.completionsPerPrompt = 8
            $0.learningRate = 0.05
            $0.seed = seed
        }
        let frozen = try Simulator(task, grpo, settings.with { $0.steps = 0 })
        let before = mean(frozen.policy.expectedRewards(task.values))
        return [before]
            + (try [TableReward.bernoulli(0.5), .plurality, .values].map { reward in
                var simulator = try Simulator(task.rewarded(by: reward), grpo, settings)
                return try simulator.run().finalPassRate
            })
    }

    /// `prior` of the mass on two correct answers, the rest even, and ln(1 + 0.2 · 8) more on one wrong answer.
    private static func priorTask(_ prior: Double, seed: UInt64) throws -> TableTask {
        let random = try TableTask.random(prompts: 40, vocabulary: 8, solutions: 2, spread: 0, seed: seed)
        var logits: [Double] = []
        for prompt in 0..<random.prompts {
            let values = Array(random.values[prompt * 8..<(prompt + 1) * 8])
            let favoured = values.firstIndex(of: 0) ?? 0
            logits += values.indices.map { answer in
                logarithm(values[answer] == 1 ? prior / 2 : (1 - prior) / 6 * (answer == favoured ? 2.6 : 1))
            }
        }
        return try TableTask(prompts: 40, tree: random.tree, values: random.values, logits: logits)
    }
}
