// Completions by learning value: the budget stays, bounds hold, equals are equal, and doubt gets more.

import Algorithms
import ConfigCoding
import Testing
import Trajectories

@Suite struct LearningValueAllocationTests {
    @Test func `the value is the posterior mean of p (1 − p) under a uniform prior`() {
        // by integration over p, on a fine grid
        for (right, count) in [(0, 4), (1, 4), (2, 4), (4, 4), (3, 7), (0, 1)] {
            let grid = (0..<20_000).map { (Double($0) + 0.5) / 20_000 }
            func weight(_ p: Double) -> Double {
                (0..<count).reduce(1) { product, index in product * (index < right ? p : 1 - p) }
            }
            let total = grid.reduce(0) { $0 + weight($1) }
            let expected = grid.reduce(0) { $0 + weight($1) * $1 * (1 - $1) } / total
            let rewards = (0..<count).map { $0 < right ? 1.0 : 0 }
            // another group gives the scale where all rewards of the first are alike
            let found = LearningValueAllocation.values([rewards, [0, 1]])[0]
            #expect(isClose(found, expected, absolute: 1e-6), "\(right) of \(count)")
        }
    }

    @Test func `the step's completions stay, no bound is broken, and more doubt never gets fewer`() {
        forRandomCases(200, seed: 1) { random, number in
            let prompts = 1 + random.integer(below: 9)
            let completions = 2 + random.integer(below: 15)
            let plan = LearningValueAllocation(
                pilot: 1 + random.integer(below: completions), most: completions + random.integer(below: 20))
            let pilot = plan.pilot(of: completions)
            let rewards = (0..<prompts).map { _ in
                let rate = random.uniform()
                return (0..<pilot).map { _ in random.uniform() < rate ? 1.0 : 0 }
            }
            let sizes = plan.sizes(pilotRewards: rewards, completions: completions)
            #expect(sizes.reduce(0, +) == prompts * completions, "case \(number)")
            #expect(sizes.allSatisfy { $0 >= pilot && $0 <= plan.most ?? 0 }, "case \(number)")
            let values = LearningValueAllocation.values(rewards)
            for a in values.indices {
                for b in values.indices where values[a] > values[b] { #expect(sizes[a] >= sizes[b], "case \(number)") }
            }
            let alike = plan.sizes(pilotRewards: rewards.map { _ in rewards[0] }, completions: completions)
            #expect(alike.allSatisfy { $0 == completions }, "case \(number)")
        }
    }

    @Test func `a step asks for the pilot first and then for the rest`() throws {
        let plan = try algorithm("name: grpo, rollout_allocation: learning_value, pilot_completions: 4").rolloutPlan
        var step = plan.step(prompts: 3, completions: 8)
        #expect(step.request == 3 && step.first == 4)
        for rewards: [Double] in [[0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1]] { step.append(rewards: rewards) }
        #expect(step.request == 0 && step.chosen == [0, 1, 2])
        #expect(step.sizes.reduce(0, +) == 24 && step.sizes[1] > 8 && step.sizes[0] == step.sizes[2])
        // a uniform plan has nothing further to sample
        var uniform = RolloutPlan().step(prompts: 1, completions: 2)
        uniform.append(rewards: [0, 1])
        #expect(uniform.first == 2 && uniform.sizes == [2])
        for text in [
            "name: grpo, pilot_completions: 4",
            "name: grpo, rollout_allocation: learning_value, dynamic_sampling: true",
        ] { #expect(throws: ConfigError.self) { try algorithm(text) } }
    }
}
