// The whole catalogue on the tabular twin: from its example configurations, and in any order of the batch.

import Algorithms
import ConfigCoding
import Foundation
import Testing
import Trajectories

@testable import Simulation

@Suite struct CatalogueTests {
    static let configs = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "configs").path()

    /// The algorithm of `configs/<name>.yaml`, words joined by hyphens.
    private func shipped(_ name: String) throws -> Algorithm {
        let file = "\(Self.configs)/\(name.replacing("_", with: "-")).yaml"
        let section = try ConfigSection.load(file: file).section("algorithm")
        let algorithm = try AlgorithmCatalogue.algorithm(from: section)
        try section.finish()
        return algorithm
    }

    @Test(arguments: AlgorithmCatalogue.names)
    func `every algorithm runs from its example configuration on a table, and moves it`(name: String) throws {
        let algorithm = try shipped(name)
        #expect(algorithm.name == name)
        let task = try TableTask.random(prompts: 12, vocabulary: 6, length: 2, solutions: 6, seed: 8)
        let settings = SimulationSettings().with {
            $0.steps = 10
            $0.promptsPerStep = 6
            $0.updatesPerStep = 2
        }
        var simulator = try Simulator(task, algorithm, settings)
        let run = try simulator.run()
        #expect(run.updates.count == 20 && run.entropy.allSatisfy { $0.isFinite && $0 > 0 })
        #expect((run.divergence.last ?? 0) > 1e-6)
        #expect(run.updates.allSatisfy { $0.metric("flow/expanding")?.isFinite == true })
    }

    @Test(
        arguments: AlgorithmCatalogue.names.map { "{name: \($0)}" } + [
            "{name: clip_cov, share: 0.1, lower: 0.1}", "{name: kl_cov, share: 0.2}", "{name: random_drop, share: 0.3}",
            "{name: gspo, clip_low: 0.05, clip_high: 0.05}", "{name: grpo, kl_coefficient: 0.2, kl_estimator: k2}",
            "{name: dapo, kl_coefficient: 0.1, kl_in: reward, sampler_correction: token_truncated}",
        ])
    func `weights, loss and the gradient of every logit do not depend on the order of a batch`(yaml: String) throws {
        let algorithm = try algorithm(yaml)
        try forRandomCases(40, seed: 5) { random, number in
            let settings = SimulationSettings().with {
                $0.completionsPerPrompt = 8
                $0.updatesPerStep = 2
                $0.samplerTemperature = 1.2
                $0.seed = UInt64(number)
            }
            var simulator = try Simulator(randomTask(&random), algorithm, settings)
            try simulator.step()
            // the proximal policy is the one before the step, so ratios leave 1
            let policy = simulator.policy
            simulator = try Simulator(simulator.task, algorithm, settings)
            let batch = try simulator.sampled()
            func evaluate(_ batch: TableBatch) throws -> (TokenCoefficients, [Double]) {
                let table = try batch.table(policy.rows.map { RowStatistics($0) }, policy.rows)
                try algorithm.check(table)
                let found = algorithm.coefficients(for: table)
                return (found, RowEffects(policy, batch, found, scale: 1).gradient(policy))
            }
            let whole = try evaluate(batch)
            let completions = Set(batch.sequence).sorted().shuffled(using: &random)
            let order = completions.flatMap { completion in
                batch.sequence.indices.filter { batch.sequence[$0] == completion }
            }
            let other = try evaluate(batch.rows(order))
            for (a, b) in zip(order.map { whole.0.weight[$0] }, other.0.weight) {
                #expect(isClose(Double(a), Double(b), relative: 1e-6), "case \(number)")
            }
            #expect(isClose(whole.0.loss, other.0.loss, absolute: 1e-9, relative: 1e-6), "case \(number)")
            for (a, b) in zip(whole.1, other.1) { #expect(isClose(a, b, absolute: 1e-7), "case \(number)") }
        }
    }

    @Test func `dynamic sampling replaces groups without contrast as long as there are prompts`() throws {
        // three of four prompts have no solution, so they never have contrast
        let tree = try PrefixTree(vocabulary: 2)
        let values = (0..<32).map { $0.isMultiple(of: 8) ? 1.0 : 0 }
        let task = try TableTask(
            prompts: 16, tree: tree, values: values, logits: [Double](repeating: 0, count: 32))
        let settings = SimulationSettings().with { $0.promptsPerStep = 4 }
        var simulator = try Simulator(
            task, algorithm("{name: dapo, sampling_budget: 4}"), settings)
        try simulator.step { table, _ in
            #expect(Set(table.group) == [0, 4, 8, 12])
        }
        var fixed = try Simulator(task, algorithm("{name: dapo, dynamic_sampling: false}"), settings)
        try fixed.step { table, _ in #expect(Set(table.group).count == 4 && Set(table.group) != [0, 4, 8, 12]) }
    }

    @Test func `the expected update is refused to what looks at drawn completions`() throws {
        let task = try TableTask.random(prompts: 4, seed: 7)
        let expected = SimulationSettings().with { $0.actions = .expected }
        for yaml in [
            "{name: gspo}", "{name: dapo}", "{name: kl_cov}", "{name: entropy_advantage}", "{name: random_drop}",
            "{name: grpo, kl_coefficient: 0.1, kl_in: reward}",
        ] {
            let error = #expect(throws: SimulationError.self) { try Simulator(task, algorithm(yaml), expected) }
            #expect(error?.place == "actions", "\(yaml)")
        }
    }

    @Test func `with k2 in the loss the expected update climbs the reward less beta times the divergence`() throws {
        let priced = try algorithm("{name: grpo, normalise_std: false, kl_coefficient: 0.3, kl_estimator: k2}")
        try forRandomCases(100, seed: 9) { random, number in
            let task = try TableTask.random(prompts: 3, vocabulary: 5, solutions: 2, seed: random.next())
            let settings = SimulationSettings().with {
                $0.actions = .expected
                $0.learningRate = 0.5
            }
            var simulator = try Simulator(task, priced, settings)
            for _ in 0..<5 { try simulator.step() }
            let before = simulator.policy.logits
            try simulator.step()
            func objective(_ logits: [Double]) throws -> Double {
                let policy = try TablePolicy(prompts: 3, tree: task.tree, logits: logits)
                return policy.expectedRewards(task.values).reduce(0, +) - 0.3 * 3
                    * policy.divergence(from: simulator.initial)
            }
            for index in before.indices {
                var (up, down) = (before, before)
                up[index] += 1e-4
                down[index] -= 1e-4
                let slope = try (objective(up) - objective(down)) / 2e-4
                let moved = (simulator.policy.logits[index] - before[index]) / 0.5
                #expect(isClose(moved, slope, absolute: 5e-7, relative: 1e-5), "case \(number)")
            }
        }
    }

    @Test func `a price on the divergence from the first policy keeps the policy near it`() throws {
        let task = try TableTask.random(prompts: 8, vocabulary: 6, solutions: 2, seed: 6)
        func divergence(_ yaml: String) throws -> Double {
            var simulator = try Simulator(task, algorithm(yaml), SimulationSettings().with { $0.steps = 100 })
            return try simulator.run().divergence.last ?? .nan
        }
        let free = try divergence("{name: grpo}")
        for options in ["kl_estimator: k2", "kl_estimator: k3", "kl_in: reward"] {
            #expect(try divergence("{name: grpo, kl_coefficient: 0.5, \(options)}") < 0.7 * free, "\(options)")
        }
    }
}

extension TableBatch {
    /// The tokens with these indices, in this order.
    fileprivate func rows(_ order: [Int]) -> TableBatch {
        var result = TableBatch()
        for index in order {
            result.append(
                row: row[index], token: token[index], sequence: Int(sequence[index]), group: Int(group[index]),
                sampled: Double(sampledLogprob[index]), proximal: Double(proximalLogprob[index]),
                reference: referenceLogprob.map { Double($0[index]) }, advantage: Double(advantage[index]),
                weight: weight[index])
        }
        return result
    }
}
