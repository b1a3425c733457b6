// The arms of the μ sweep: two methods, three masks, thresholds from dropping most tokens to dropping none.

import Algorithms

/// Which tokens a threshold may drop.
enum IntervalMask: Int, CaseIterable {
    /// A < 0 on the lower side: the published code's.
    case oneSided
    /// Every A on both sides: the interval of the paper.
    case twoSided
    /// A > 0 on the upper side, A < 0 on the lower.
    case signAware

    var name: String { ["one-sided", "two-sided", "sign-aware"][rawValue] }

    func options(_ mu: Double) -> String {
        switch self {
        case .oneSided: "mu_neg: \(mu), mu_pos: .inf, advantages: neg"
        case .twoSided: "mu_neg: \(mu), mu_pos: \(mu), advantages: all"
        case .signAware: "mu_neg: \(mu), mu_pos: \(mu), advantages: sign_aware"
        }
    }
}

enum IntervalMethod: Int, CaseIterable {
    case batch
    case vocabulary

    var name: String { ["Clip_B", "Clip_V"][rawValue] }
    var key: String { ["clip_b", "clip_v"][rawValue] }
}

/// Ends of runs for one method, mask and reward, by threshold and seed.
struct MuSweepLine: Sendable {
    struct End: Sendable {
        var entropy = 0.0
        var passRate = 0.0
        /// Mean over the steps of the fraction of tokens dropped.
        var dropped = 0.0
        /// Entropy of the first policy.
        var start = 0.0
    }

    /// Nil is GRPO, with one threshold that means nothing.
    var rule: (method: IntervalMethod, mask: IntervalMask)?
    var mus: [Double]
    /// [thresholds][seeds].
    var ends: [[End]] = []

    var name: String { rule.map { "\($0.method.name) \($0.mask.name)" } ?? "GRPO" }

    /// Mean over seeds at each threshold.
    func mean(_ value: (End) -> Double) -> [Double] { ends.map { Simulation.mean($0.map(value)) } }

    private func algorithm(_ mu: Double) throws -> Algorithm {
        guard let rule else { return try catalogueAlgorithm("name: grpo") }
        return try catalogueAlgorithm("name: \(rule.method.key), \(rule.mask.options(mu))")
    }

    /// GRPO and all six lines under one reward.
    static func all(reward: TableReward, mus: [Double], seeds: Int) throws -> [MuSweepLine] {
        var lines = [MuSweepLine(rule: nil, mus: [0])]
        for method in IntervalMethod.allCases {
            lines += IntervalMask.allCases.map { MuSweepLine(rule: (method, $0), mus: mus) }
        }
        let arms = lines.indices.flatMap { line in lines[line].mus.map { (line: line, mu: $0) } }
        let plans = lines
        let ends = try inParallel(arms.count * seeds) { index in
            let arm = arms[index / seeds]
            return try run(plans[arm.line].algorithm(arm.mu), reward, seed: UInt64(index % seeds + 1))
        }
        for (index, arm) in arms.enumerated() {
            lines[arm.line].ends.append(Array(ends[index * seeds..<(index + 1) * seeds]))
        }
        return lines
    }

    private static func run(_ algorithm: Algorithm, _ reward: TableReward, seed: UInt64) throws -> End {
        let task = try TableTask.random(prompts: 32, reward: reward, seed: seed)
        let settings = SimulationSettings().with { ($0.seed, $0.steps, $0.learningRate) = (seed, 100, 0.4) }
        var simulator = try Simulator(task, algorithm, settings)
        var dropped = 0.0
        for _ in 0..<settings.steps {
            dropped += try simulator.step().reduce(0) { $0 + ($1.metric("\(algorithm.name)/dropped") ?? 0) }
        }
        let policy = simulator.policy
        return End(
            entropy: policy.entropy, passRate: Simulation.mean(policy.expectedRewards(task.values)),
            dropped: dropped / Double(settings.steps), start: simulator.initial.entropy)
    }
}
