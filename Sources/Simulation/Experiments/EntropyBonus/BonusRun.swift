// Runs with an entropy bonus whose coefficient changes on the way.

import Algorithms

/// A policy-gradient estimate beside which the bonus is tried.
struct BonusSetting: Sendable, Equatable {
    var name: String
    /// Completions per prompt; nil: the expectation over infinitely many.
    var completions: Int?
    /// Whether advantages are divided by the standard deviation of the group.
    var normalisesStd: Bool

    static let vocabulary = 16
    /// Learning rates of gradient descent and of Adam.
    static let (rate, adamRate) = (1.0, 0.05)
    /// Below this a policy counts as collapsed, nats; the most steps that this may take.
    static let (collapsed, patience) = (0.02, 4000)

    var balance: BonusBalance {
        BonusBalance(vocabulary: Self.vocabulary, completions: completions, normalisesStd: normalisesStd)
    }

    func task(prompts: Int = 4, seed: UInt64) throws -> TableTask {
        try TableTask.random(prompts: prompts, vocabulary: Self.vocabulary, seed: seed)
    }

    private func simulator(
        _ task: TableTask, _ coefficient: Double, _ optimiser: OptimiserKind, seed: UInt64
    ) throws -> Simulator {
        let algorithm = try catalogueAlgorithm(
            "name: grpo, normalise_std: \(normalisesStd), entropy_coefficient: \(coefficient)")
        return try Simulator(
            task, algorithm,
            SimulationSettings().with {
                $0.learningRate = optimiser == .sgd ? Self.rate : Self.adamRate
                $0.optimiser = optimiser
                $0.completionsPerPrompt = completions ?? 1
                $0.actions = completions == nil ? .expected : .sampled
                $0.seed = seed
            })
    }

    /// H before the first step and after each, and the task of going on from there.
    func train(
        _ task: TableTask, coefficient: Double, optimiser: OptimiserKind = .sgd, steps: Int, seed: UInt64,
        until: (Double) -> Bool = { _ in false }
    ) throws -> (entropy: [Double], rest: TableTask) {
        var simulator = try simulator(task, coefficient, optimiser, seed: seed)
        var entropy = [simulator.policy.entropy]
        while entropy.count <= steps, !until(entropy[entropy.count - 1]) {
            try simulator.step()
            entropy.append(simulator.policy.entropy)
        }
        let rest = try TableTask(
            prompts: task.prompts, tree: task.tree, reward: task.reward, values: task.values,
            logits: simulator.policy.logits)
        return (entropy, rest)
    }

    /// Training without bonus until the policy has collapsed.
    func collapse(_ task: TableTask, below entropy: Double = collapsed, seed: UInt64) throws -> TableTask {
        try train(task, coefficient: 0, steps: Self.patience, seed: seed) { $0 < entropy }.rest
    }

    /// H after each stage of a coefficient that rises and falls again, from a collapsed policy.
    func ramp(_ coefficients: [Double], steps: Int, seed: UInt64) throws -> (up: [Double], down: [Double]) {
        var task = try collapse(task(prompts: 2, seed: seed), seed: seed)
        let entropy = try (coefficients + coefficients.reversed()).enumerated().map { stage, coefficient in
            // A stage starts at step 1 again; its own seed keeps it from repeating the draws of the one before.
            let run = try train(task, coefficient: coefficient, steps: steps, seed: seed << 16 + UInt64(stage + 1))
            task = run.rest
            return run.entropy[run.entropy.count - 1]
        }
        return (Array(entropy.prefix(coefficients.count)), entropy.suffix(coefficients.count).reversed())
    }
}
