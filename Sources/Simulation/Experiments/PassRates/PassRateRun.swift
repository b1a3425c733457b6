// The runs behind the histogram of pass rates: problems of mixed difficulty under three algorithms.

import Trajectories

enum PassRateArm: Int, CaseIterable {
    case grpo
    case clipB
    case clipV

    static let rules: [PassRateArm] = [.clipB, .clipV]
    var name: String { ["GRPO", "Clip_B", "Clip_V"][rawValue] }
    var key: String { ["grpo", "clip_b", "clip_v"][rawValue] }
    var options: String {
        ["name: grpo", "name: clip_b, mu_neg: 1.5, mu_pos: 1.5", "name: clip_v, mu_neg: 2, mu_pos: 2"][rawValue]
    }

    /// [arms][seeds].
    static func all(seeds: Int) throws -> [[PassRateRun]] {
        let runs = try inParallel(allCases.count * seeds) { index in
            try PassRateRun(allCases[index / seeds], seed: UInt64(index % seeds + 1))
        }
        return allCases.map { Array(runs[$0.rawValue * seeds..<($0.rawValue + 1) * seeds]) }
    }
}

/// Pass rates of all problems at one time.
struct PassRates: Sendable {
    /// Number of bins.
    static let count = 10
    var mean: Double
    /// Share of the problems in each tenth of the pass rate, [10].
    var bins: [Double]

    init(_ rates: [Double]) {
        mean = Simulation.mean(rates)
        bins = [Double](repeating: 0, count: Self.count)
        for rate in rates { bins[min(Int(rate * Double(Self.count)), Self.count - 1)] += 1 / Double(rates.count) }
    }

    var lowest: Double { bins[0] }
    var highest: Double { bins[Self.count - 1] }
    var outer: Double { lowest + highest }
    /// Share from 0.2 to 0.8.
    var middle: Double { bins[2..<8].reduce(0, +) }
}

struct PassRateRun: Sendable {
    let seed: UInt64
    /// Before the first step and after each, [steps + 1].
    private(set) var history: [PassRates]
    /// Mean over the steps of the fraction of tokens dropped.
    private(set) var dropped = 0.0

    var start: PassRates { history[0] }
    var end: PassRates { history[history.count - 1] }

    init(_ arm: PassRateArm, seed: UInt64) throws {
        let task = try Self.task(seed: seed)
        let settings = SimulationSettings().with {
            ($0.seed, $0.learningRate, $0.promptsPerStep) = (seed, 1, 16)
        }
        var simulator = try Simulator(task, catalogueAlgorithm(arm.options), settings)
        self.seed = seed
        history = [PassRates(simulator.policy.expectedRewards(task.values))]
        for _ in 0..<settings.steps {
            for update in try simulator.step() {
                dropped += (update.metric("\(arm.key)/dropped") ?? 0) / Double(settings.steps)
            }
            history.append(PassRates(simulator.policy.expectedRewards(task.values)))
        }
    }

    /// Problem i has 2^(i mod 8) solutions, drawn among its completions.
    private static func task(seed: UInt64) throws -> TableTask {
        let plain = try TableTask.random(vocabulary: 6, length: 3, seed: seed)
        var random = RandomSource(seed: seed, purpose: .problems, step: 1)
        let leaves = plain.tree.leaves
        var values = [Double](repeating: 0, count: plain.values.count)
        for prompt in 0..<plain.prompts {
            for leaf in Array(0..<leaves).shuffled(using: &random).prefix(1 << (prompt % 8)) {
                values[prompt * leaves + leaf] = 1
            }
        }
        return try TableTask(prompts: plain.prompts, tree: plain.tree, values: values, logits: plain.logits)
    }
}
