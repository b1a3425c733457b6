// Pass@k in its max form: one completion is credited, by its lead.

import Algorithms
import Testing
import Trajectories

@Suite struct BestOfGroupTests {
    @Test func `the best gets its lead over the second, ties and lone completions nothing`() throws {
        let plain = BestOfGroupCredit(normaliseStd: false)
        #expect(plain.advantages([0.2, 1, 0.5]) == [0, 0.5, 0])
        #expect(plain.advantages(twoOfEight).allSatisfy { $0 == 0 })
        #expect(plain.advantages([1]) == [0] && plain.advantages([]) == [] && plain.smallestGroup == 2)
        let credit = try algorithm("name: pass_at_k_max").credit
        // one right of eight: std with n − 1 is √(7/64 · 8/7) = 0.353553
        let one = credit.advantages([0, 0, 1, 0, 0, 0, 0, 0])
        #expect(isClose(one[2], 1 / 0.353553, absolute: 1e-4) && one.count { $0 != 0 } == 1)
        forRandomCases(seed: 1) { random, number in
            let rewards = (0..<(2 + random.integer(below: 7))).map { _ in Double(random.integer(below: 5)) }
            let top = rewards.max() ?? 0
            let found = credit.advantages(rewards)
            #expect(found.count { $0 > 0 } == (rewards.count { $0 == top } == 1 ? 1 : 0), "case \(number)")
            #expect(found.allSatisfy { $0 >= 0 && $0.isFinite }, "case \(number)")
        }
    }
}
