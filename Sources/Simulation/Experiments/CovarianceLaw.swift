// Experiment: the covariance law of 2505.22617 and its token score, against exact entropy changes.

import Algorithms
import Analysis
import EntropyDynamics
import Plots

/// Theorem 1 says ΔH ≈ −η Cov_p(log p, p A); the token score that Clip-Cov ranks by is Cov(log p, A) over the batch.
///
/// The first needs every action's advantage and is the expectation of 2602.03392's theorem 3.3; the second leaves p out
/// (theorem 2, natural gradient) and is what can be had from samples.
public enum CovarianceLaw: Experiment {
    public static let name = "covariance"
    public static let question = "Does the covariance of log-probability and advantage say what entropy will do?"
    public static let source = "2505.22617, theorems 1 and 2, and its token score (secondary)"
    public static let setup =
        "64 contexts x 16 tokens, 1 rewarded token each, 200 steps of gradient descent at 0.2 without division by the "
        + "standard deviation: once with expected updates, once with 16 drawn completions per context"

    /// One step's numbers, means over contexts.
    private struct Step: Sendable {
        var theorem1 = 0.0
        var theorem2 = 0.0
        var discriminant = 0.0
        var exact = 0.0
    }

    private struct Arm: Sendable {
        var expected: [Step] = []
        /// Batch covariance of log p and A, and minus the exact ΔH, per step of the sampled run.
        var score: [Double] = []
        var fall: [Double] = []
        /// Share of Σ|Cov_i| in the largest hundredth of tokens, mean over steps.
        var concentration = 0.0
    }

    public static func run(seeds: Int) throws -> ExperimentResult {
        let arms = try inParallel(seeds) { try arm(seed: UInt64($0 + 1)) }
        let first = arms[0].expected
        let errors = arms.map { arm in
            arm.expected.reduce(0) { max($0, abs($1.theorem1 - $1.discriminant)) }
        }
        let fits = try arms.map { arm in
            try LeastSquares(x: arm.expected.map(\.theorem1), y: arm.expected.map(\.exact))
        }
        let natural = try arms.map { arm in
            try correlation(arm.expected.map(\.theorem2), arm.expected.map(\.exact))
        }
        let sampled = try arms.map { try correlation($0.score, $0.fall) }
        let identity = ScatterChart(
            title: "Expected updates: theorem 1 against the exact change", xTitle: "−η Cov(log p, p A), nats per step",
            yTitle: "exact ΔH, nats per step",
            series: [ScatterChart.Series(name: "", x: first.map(\.theorem1), y: first.map(\.exact))],
            hasIdentityLine: true, size: ChartSize(width: 676, height: 360))
        let token = ScatterChart(
            title: "Drawn completions: the batch's token covariance against the exact change",
            xTitle: "Cov(log p, A) over the batch, nats", yTitle: "−ΔH, nats per step",
            series: [ScatterChart.Series(name: "", x: arms[0].score, y: arms[0].fall)],
            notes: ["Pearson \(digits(sampled[0], 2))"], size: ChartSize(width: 676, height: 360))
        return ExperimentResult(
            tables: [
                ResultTable(
                    "per_step_seed_1",
                    columns: [
                        ("theorem_1", first.map(\.theorem1)), ("theorem_2", first.map(\.theorem2)),
                        ("discriminant_form", first.map(\.discriminant)), ("exact", first.map(\.exact)),
                        ("sampled_token_covariance", arms[0].score), ("sampled_entropy_fall", arms[0].fall),
                    ])
            ], panels: [identity, token],
            findings: [
                Finding(
                    "Theorem 1 is the expectation of 2602.03392's theorem 3.3: −η Cov(log p, p A) = −η Cov(A, S*)",
                    holds: errors.allSatisfy { $0 < 1e-10 },
                    measured: "largest difference over \(seeds) seeds \(scientific(errors.max() ?? .nan)) nats"),
                Finding(
                    "Theorem 1 predicts the exact change of an expected step",
                    holds: fits.allSatisfy { abs($0.slope - 1) < 0.05 && $0.rSquared > 0.99 },
                    measured: "slope \(spread(fits.map(\.slope))), R² \(spread(fits.map(\.rSquared), 4))"),
                Finding(
                    "Theorem 2's form, which leaves p out, orders the steps as well (Pearson above 0.92 with ΔH)",
                    holds: natural.allSatisfy { $0 > 0.92 }, measured: "Pearson \(spread(natural))"),
                Finding(
                    "The token covariance of a drawn batch follows −ΔH from step to step (paper: Pearson above 0.92)",
                    holds: sampled.allSatisfy { $0 > 0.92 }, measured: "Pearson \(spread(sampled))"),
                Finding(
                    "A few tokens carry most of the covariance (paper: the top 0.02 % average 5.65, all tokens 0.003)",
                    holds: arms.allSatisfy { $0.concentration > 0.5 },
                    measured: "share of the largest 1 % in the absolute sum \(spread(arms.map(\.concentration)))"),
            ])
    }

    private static func correlation(_ x: [Double], _ y: [Double]) throws -> Double {
        try PredictionQuality(predicted: x, measured: y).correlation
    }

    private static func arm(seed: UInt64) throws -> Arm {
        let task = try TableTask.random(seed: seed)
        let algorithm = Algorithm(
            name: "policy_gradient", credit: GroupNormalisedCredit(normaliseStd: false), surrogate: ClippedSurrogate(),
            aggregation: .tokenMean(over: .all))
        let settings = SimulationSettings().with { $0.seed = seed }
        var arm = Arm()
        var expected = try Simulator(task, algorithm, settings.with { $0.actions = .expected })
        while expected.steps < settings.steps {
            var step = try forms(expected.policy, task, settings.learningRate)
            let before = expected.policy.entropy
            try expected.step()
            step.exact = expected.policy.entropy - before
            arm.expected.append(step)
        }
        var sampled = try Simulator(task, algorithm, settings)
        while sampled.steps < settings.steps {
            let before = sampled.policy.entropy
            var drawn: TokenTable?
            try sampled.step { tokens, _ in drawn = tokens }
            let scores = try covarianceScores(
                logprobs: drawn?.policyLogprob.map { Double($0) } ?? [],
                advantages: drawn?.advantage.map { Double($0) } ?? [])
            arm.score.append(mean(scores))
            arm.fall.append(before - sampled.policy.entropy)
            let sizes = scores.map { abs($0) }.sorted(by: >)
            let all = sizes.reduce(0, +)
            if all > 0 {
                arm.concentration += sizes.prefix(sizes.count / 100).reduce(0, +) / all / Double(settings.steps)
            }
        }
        return arm
    }

    /// The three first-order forms of the expected change, means over contexts.
    private static func forms(_ policy: TablePolicy, _ task: TableTask, _ rate: Double) throws -> Step {
        var step = Step()
        let width = task.tree.vocabulary
        for prompt in 0..<task.prompts {
            let p = policy.rows[prompt]
            let values = Array(task.values[prompt * width..<(prompt + 1) * width])
            let baseline = p.mean { values[$0] }
            let advantages = values.map { $0 - baseline }
            step.theorem1 += try p.tabularPolicyGradientStep(advantages: advantages).firstOrder(rate)
            step.theorem2 += try p.naturalPolicyGradientStep(advantages: advantages).firstOrder(rate)
            step.discriminant += p.expectedPolicyGradientChange(advantages: advantages, learningRate: rate)
        }
        let share = 1 / Double(task.prompts)
        return Step(
            theorem1: step.theorem1 * share, theorem2: step.theorem2 * share, discriminant: step.discriminant * share)
    }
}
