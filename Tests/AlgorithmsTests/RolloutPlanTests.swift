// The rollout plan as a state machine: how many prompts it asks for, and which groups it keeps.

import Algorithms
import Testing
import Trajectories

@Suite struct RolloutPlanTests {
    @Test func `a fixed plan asks once and keeps everything`() {
        var step = RolloutPlan().step(prompts: 3)
        #expect(step.request == 3)
        for _ in 0..<3 { step.append(rewards: [0, 0]) }
        #expect(step.request == 0 && step.chosen == [0, 1, 2])
    }

    @Test func `groups without contrast are replaced until the budget ends, then the batch is filled up`() {
        forRandomCases(seed: 1) { random, number in
            let wanted = 1 + random.integer(below: 6)
            let plan = RolloutPlan(replacesGroupsWithoutContrast: true, budget: 1 + random.integer(below: 4))
            let rate = random.uniform()
            var step = plan.step(prompts: wanted)
            var rewards: [[Double]] = []
            while step.request > 0 {
                let asked = step.request
                #expect(asked <= wanted - step.kept, "case \(number)")
                for _ in 0..<asked {
                    rewards.append(random.uniform() < rate ? [0, 1, 1] : [1, 1, 1])
                    step.append(rewards: rewards[rewards.count - 1])
                }
            }
            let mixed = rewards.indices.filter { Set(rewards[$0]).count > 1 }
            #expect(step.sampled == rewards.count && step.kept == mixed.count, "case \(number)")
            #expect(step.sampled <= wanted * plan.budget, "case \(number)")
            #expect(step.chosen.count == wanted && step.chosen == step.chosen.sorted(), "case \(number)")
            #expect(Set(step.chosen).isSuperset(of: mixed.prefix(wanted)), "case \(number)")
            if mixed.count < wanted { #expect(step.sampled == wanted * plan.budget, "case \(number)") }
        }
    }
}
