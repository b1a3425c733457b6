// RLOO against its definition, the mean of the others.

import Algorithms
import Testing
import Trajectories

@Suite struct RLOOTests {
    @Test func `the baseline is the mean reward of the others`() throws {
        let credit = try algorithm("name: rloo").credit
        let known = credit.advantages(twoOfEight)
        #expect(isClose(known[0], 0.857143, absolute: 1e-6) && isClose(known[1], -0.285714, absolute: 1e-6))
        forRandomCases(seed: 1) { random, number in
            let rewards = (0..<(2 + random.integer(below: 15))).map { _ in Double(random.integer(below: 4)) }
            let advantages = credit.advantages(rewards)
            for index in rewards.indices {
                let others = rewards.reduce(0, +) - rewards[index]
                let wanted = rewards[index] - others / Double(rewards.count - 1)
                #expect(isClose(advantages[index], wanted, absolute: 1e-12), "case \(number)")
            }
        }
        #expect(credit.smallestGroup == 2 && credit.advantages([1]) == [0] && credit.advantages([0.3, 0.3]) == [0, 0])
    }
}
