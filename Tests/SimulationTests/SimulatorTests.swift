// The simulator's predictions and updates against what the table's own mathematics says.

import Algorithms
import EntropyDynamics
import Foundation
import Simulation
import Testing
import Trajectories

@Suite struct SimulatorTests {
    @Test(arguments: variedAlgorithms)
    func `under gradient descent the token-level prediction is the first-order change`(yaml: String) throws {
        let algorithm = try algorithm(yaml)
        try forRandomCases(seed: 1) { random, number in
            let task = try randomTask(&random, reward: number.isMultiple(of: 5) ? .plurality : .values)
            let settings = SimulationSettings().with {
                $0.completionsPerPrompt = 8
                $0.updatesPerStep = [1, 2, 4][number % 3]
                $0.learningRate = [0.001, 0.05, 0.5][number % 3]
                $0.temperature = [0.7, 1, 1.5][number / 3 % 3]
                $0.samplerTemperature = number.isMultiple(of: 7) ? 1.3 : nil
                $0.seed = UInt64(number)
            }
            var simulator = try Simulator(task, algorithm, settings)
            for _ in 0..<2 {
                for record in try simulator.step() {
                    // the algorithm's columns are float32
                    #expect(
                        isClose(record.predictedToken, record.predictedFirstOrder, absolute: 2e-7, relative: 2e-6),
                        "case \(number)")
                }
            }
        }
    }

    @Test func `the measured change is that of the entropy of the tokens' rows`() throws {
        try forRandomCases(seed: 2) { random, number in
            let task = try randomTask(&random)
            var simulator = try Simulator(
                task, algorithm("{name: grpo, normalise_std: false}"),
                SimulationSettings().with {
                    $0.optimiser = number.isMultiple(of: 2) ? .sgd : .adam()
                    $0.seed = UInt64(number)
                })
            let before = simulator.policy
            var entropies: [Float] = []
            let record = try #require(try simulator.step { table, _ in entropies = table.entropy }.first)
            // which rows the tokens lie in is told by their entropies, which differ between random rows
            let rows = entropies.map { h in before.rows.firstIndex { Float($0.entropy) == h } ?? -1 }
            let changes = rows.map { simulator.policy.rows[$0].entropy - before.rows[$0].entropy }
            #expect(isClose(record.measured, changes.reduce(0, +) / Double(rows.count), absolute: 1e-12))
        }
    }

    @Test func `the expected update is the gradient of the expected reward`() throws {
        let plain = try algorithm("{name: grpo, normalise_std: false}")
        try forRandomCases(seed: 3) { random, number in
            let task = try randomTask(&random)
            let temperature = [0.7, 1, 1.5][number % 3]
            let rate = 1e-3
            var simulator = try Simulator(
                task, plain,
                SimulationSettings().with {
                    $0.actions = .expected
                    $0.learningRate = rate
                    $0.temperature = temperature
                })
            try simulator.step()
            func reward(_ logits: [Double]) throws -> Double {
                try TablePolicy(prompts: task.prompts, tree: task.tree, temperature: temperature, logits: logits)
                    .expectedRewards(task.values).reduce(0, +)
            }
            let index = random.integer(below: task.logits.count)
            let step = 1e-4
            var (up, down) = (task.logits, task.logits)
            up[index] += step
            down[index] -= step
            let slope = try (reward(up) - reward(down)) / (2 * step)
            let moved = (simulator.policy.logits[index] - task.logits[index]) / rate
            #expect(isClose(moved, slope, absolute: 3e-7, relative: 1e-5), "case \(number)")
        }
    }

    @Test func `sampled updates average to the expected one`() throws {
        let plain = try algorithm("{name: grpo, normalise_std: false}")
        let task = try TableTask.random(prompts: 2, vocabulary: 3, length: 2, seed: 5)
        let settings = SimulationSettings().with { $0.completionsPerPrompt = 64 }
        var expected = try Simulator(task, plain, settings.with { $0.actions = .expected })
        try expected.step()
        let count = 2000
        var total = [Double](repeating: 0, count: task.logits.count)
        var squares = total
        for seed in 0..<count {
            var sampled = try Simulator(task, plain, settings.with { $0.seed = UInt64(seed) })
            try sampled.step()
            for index in total.indices {
                let move = sampled.policy.logits[index] - task.logits[index]
                total[index] += move
                squares[index] += move * move
            }
        }
        for index in total.indices {
            let average = total[index] / Double(count)
            let error = ((squares[index] / Double(count) - average * average) / Double(count)).squareRoot()
            // subtracting the group's own mean leaves (G − 1)/G of the update
            let wanted = (expected.policy.logits[index] - task.logits[index]) * 63 / 64
            #expect(abs(average - wanted) < 5 * error + 1e-9, "logit \(index)")
        }
    }

    @Test func `a token's step moves its row by eta A over completions, however many prompts there are`() throws {
        for prompts in [1, 3, 40] {
            let tree = try PrefixTree(vocabulary: 2)
            let task = try TableTask(
                prompts: prompts, tree: tree, values: (0..<prompts).flatMap { _ in [1.0, 0] },
                logits: [Double](repeating: 0, count: 2 * prompts))
            var simulator = try Simulator(
                task, algorithm("{name: grpo, normalise_std: false}"),
                SimulationSettings().with {
                    $0.completionsPerPrompt = 2
                    $0.learningRate = 0.1
                })
            try simulator.step()
            for prompt in 0..<prompts {
                // completions (1, 0) have A = ±1/2: two tokens, each α (e − p) = 0.1 · ½ / 2 · ½ on both logits
                let move = simulator.policy.logits[2 * prompt]
                #expect(isClose(move, 0, absolute: 1e-9) || isClose(move, 0.025, absolute: 1e-9))
            }
            #expect(prompts < 40 || simulator.policy.logits.contains { $0 > 0.02 })
        }
    }

    @Test func `the first step of Adam has the size of the learning rate`() throws {
        let task = try TableTask.random(prompts: 4, vocabulary: 4, seed: 9)
        var simulator = try Simulator(
            task, algorithm("{name: grpo}"),
            SimulationSettings().with {
                $0.optimiser = .adam()
                $0.learningRate = 0.01
            })
        try simulator.step()
        let moves = zip(simulator.policy.logits, task.logits).map { abs($0 - $1) }
        // a gradient that is rounding alone is no larger than Adam's epsilon, and moves by less
        #expect(moves.allSatisfy { $0 < 0.01 + 1e-12 })
        #expect(moves.count { isClose($0, 0.01, absolute: 1e-6) } >= 8)
    }
}
