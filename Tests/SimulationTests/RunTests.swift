// Runs as wholes: the same seed gives the same run, rewards do what they say, bad settings are refused.

import Algorithms
import Simulation
import Testing
import Trajectories

@Suite struct RunTests {
    private func entropies(
        _ task: TableTask, _ change: (inout SimulationSettings) -> Void = { _ in }
    ) throws -> [Double] {
        var settings = SimulationSettings().with { $0.steps = 20 }
        change(&settings)
        var simulator = try Simulator(task, algorithm("{name: clip_v, mu_neg: 1, mu_pos: 1}"), settings)
        return try simulator.run().entropy
    }

    @Test func `a seed is a run, on any thread and beside any other`() throws {
        let task = try TableTask.random(prompts: 8, seed: 1)
        let alone = try entropies(task)
        let together = try inParallel(6) { seed in try entropies(task) { $0.seed = UInt64(seed) } }
        #expect(alone.count == 21 && alone == together[1])
        #expect(Set(together.map { $0[20] }).count == 6)
    }

    @Test func `a prompt's draws do not depend on the prompts beside it`() throws {
        let all = try TableTask.random(prompts: 8, seed: 1)
        let some = try TableTask(
            prompts: 3, tree: all.tree, values: Array(all.values[..<(3 * 16)]), logits: Array(all.logits[..<(3 * 16)]))
        var (many, few) = (
            try Simulator(all, algorithm("{name: grpo}"), .init()),
            try Simulator(some, algorithm("{name: grpo}"), .init())
        )
        try many.step()
        try few.step()
        for index in 0..<3 * 16 {
            #expect(isClose(many.policy.logits[index], few.policy.logits[index], absolute: 1e-6))
        }
    }

    @Test func `work in parallel keeps its order and fails as its first failure`() throws {
        #expect(try inParallel(100) { $0 * $0 } == (0..<100).map { $0 * $0 })
        struct Failure: Error, Equatable { var index: Int }
        #expect(throws: Failure(index: 7)) {
            try inParallel(40) { if $0 >= 7 { throw Failure(index: $0) } }
        }
    }

    @Test func `learning is what rewards say: solutions are found, coin flips teach nothing, majorities sharpen`()
        throws
    {
        let task = try TableTask.random(seed: 3)
        func run(_ reward: TableReward) throws -> SimulationRun {
            var simulator = try Simulator(task.rewarded(by: reward), algorithm("{name: grpo}"))
            return try simulator.run()
        }
        let (values, coin, majority) = (try run(.values), try run(.bernoulli(0.5)), try run(.plurality))
        #expect(values.finalPassRate > 0.8 && values.passRate[0] < 0.2)
        #expect(abs(coin.finalPassRate - coin.passRate[0]) < 0.05)
        #expect(majority.finalEntropy < 0.7 && majority.finalPassRate < 0.3)
        #expect(coin.divergence[0] == 0 && coin.divergence[200] > 0)
    }

    @Test func `a majority reward never reads the truth`() throws {
        let task = try TableTask.random(prompts: 6, seed: 4)
        let other = try TableTask(
            prompts: 6, tree: task.tree, reward: .plurality, values: task.values.map { 1 - $0 }, logits: task.logits)
        #expect(try entropies(task.rewarded(by: .plurality)) == entropies(other))
    }

    @Test func `settings that cannot be are refused in a sentence`() throws {
        let task = try TableTask.random(prompts: 4, seed: 1)
        let changes: [(String, (inout SimulationSettings) -> Void)] = [
            ("steps", { $0.steps = -1 }), ("completionsPerPrompt", { $0.completionsPerPrompt = 0 }),
            ("updatesPerStep", { $0.updatesPerStep = 3 }), ("promptsPerStep", { $0.promptsPerStep = 5 }),
            ("learningRate", { $0.learningRate = .nan }),
            ("actions", { ($0.actions, $0.samplerTemperature) = (.expected, 2) }),
        ]
        for (place, change) in changes {
            let error = #expect(throws: SimulationError.self) {
                try Simulator(task, algorithm("{name: grpo}"), SimulationSettings().with(change))
            }
            #expect(error?.place == place)
        }
        let expected = SimulationSettings().with { $0.actions = .expected }
        let ruled = #expect(throws: SimulationError.self) {
            try Simulator(task, algorithm("{name: clip_v}"), expected)
        }
        #expect("\(try #require(ruled))".contains("token rules"))
        #expect(throws: SimulationError.self) {
            try Simulator(task.rewarded(by: .plurality), algorithm("{name: grpo}"), expected)
        }
        #expect(throws: SimulationError.self) { try ExperimentCatalogue.experiment(named: "intervention") }
    }
}
