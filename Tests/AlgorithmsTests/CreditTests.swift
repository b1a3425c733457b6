// Group-normalised advantages: known values, invariances, degenerate groups.

import Algorithms
import Testing
import Trajectories

@Suite struct CreditTests {
    @Test func `known groups give known advantages`() {
        let credit = GroupNormalisedCredit()
        let one = credit.advantages([1, 0, 0])
        #expect(isClose(one[0], 1.1546985383827155, absolute: 1e-14))
        #expect(isClose(one[1], -0.5773492691913577, absolute: 1e-14) && one[1] == one[2])
        let eight = credit.advantages([1, 0, 0, 1, 0, 0, 0, 0])
        #expect(isClose(eight[0], 1.620182, absolute: 1e-6) && isClose(eight[1], -0.540061, absolute: 1e-6))
        #expect(GroupNormalisedCredit(normaliseStd: false).advantages([1, 0, 0, 1, 0, 0, 0, 0])[1] == -0.25)
    }

    @Test func `a group without contrast gets exactly zero`() {
        for credit in [GroupNormalisedCredit(), GroupNormalisedCredit(normaliseStd: false)] {
            #expect(credit.advantages([1, 1]) == [0, 0])
            #expect(credit.advantages([Double](repeating: 0.1, count: 7)) == [Double](repeating: 0, count: 7))
            #expect(credit.advantages([5]) == [0])
            #expect(credit.advantages([]) == [])
        }
    }

    @Test func `advantages have mean zero, do not see a shift, and follow a permutation`() {
        forRandomCases(seed: 1) { random, number in
            let rewards = (0..<(2 + random.integer(below: 15))).map { _ in Double(random.integer(below: 4)) / 2 }
            let credit = GroupNormalisedCredit()
            let advantages = credit.advantages(rewards)
            #expect(abs(advantages.reduce(0, +)) < 1e-12, "case \(number)")
            let shifted = credit.advantages(rewards.map { $0 + 3 })
            #expect(zip(advantages, shifted).allSatisfy { isClose($0, $1, absolute: 1e-10) }, "case \(number)")
            let order = rewards.indices.shuffled(using: &random)
            let permuted = credit.advantages(order.map { rewards[$0] })
            #expect(zip(order, permuted).allSatisfy { isClose(advantages[$0], $1) }, "case \(number)")
        }
    }
}
