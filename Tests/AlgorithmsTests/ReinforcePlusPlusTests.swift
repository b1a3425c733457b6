// REINFORCE++: normalised over the tokens of the whole batch, with and without a group baseline.

import Algorithms
import Testing
import Trajectories

@Suite struct ReinforcePlusPlusTests {
    @Test(arguments: [false, true])
    func `over all tokens of the batch advantages have mean 0 and variance 1, in the order of rewards`(baseline: Bool) {
        let credit = BatchNormalisedCredit(subtractsGroupMean: baseline)
        forRandomCases(seed: 1) { random, number in
            let groups = (0..<(1 + random.integer(below: 4))).map { _ in
                (0..<(2 + random.integer(below: 5))).map { _ in
                    Outcome(
                        reward: Double(random.integer(below: 5)),
                        sampledLogprob: [Float](repeating: -1, count: 1 + random.integer(below: 9)))
                }
            }
            let advantages = credit.advantages(of: groups)
            let centred = groups.map { group in
                group.map { outcome in
                    outcome.reward
                        - (baseline ? group.reduce(0) { $0 + $1.reward } / Double(group.count) : 0)
                }
            }
            let all = centred.flatMap { $0 }
            guard all.contains(where: { abs($0 - all[0]) > 1e-9 }) else {
                #expect(advantages.joined().allSatisfy { $0 == 0 }, "case \(number)")
                return
            }
            let tokens = zip(advantages.joined(), groups.joined()).flatMap { pair in
                [Double](repeating: pair.0, count: pair.1.length)
            }
            let count = Double(tokens.count)
            #expect(isClose(tokens.reduce(0, +) / count, 0, absolute: 1e-12), "case \(number)")
            let variance = tokens.reduce(0) { $0 + $1 * $1 } / (count - 1)
            #expect(isClose(variance, 1, absolute: 1e-6), "case \(number)")
            for (a, x) in zip(advantages.joined(), all) {
                for (b, y) in zip(advantages.joined(), all) where x > y + 1e-9 { #expect(a > b, "case \(number)") }
            }
        }
    }

    @Test func `a group without contrast pushes unless its own mean is taken`() throws {
        let groups = [[Outcome(reward: 1), Outcome(reward: 1)], [Outcome(reward: 1), Outcome(reward: 0)]]
        let plain = try algorithm("name: reinforce_plus_plus").credit.advantages(of: groups)
        #expect(plain[0] == plain[0].map { _ in plain[1][0] } && plain[0][0] > 0)
        let credit = try algorithm("name: reinforce_plus_plus_baseline").credit
        #expect(credit.advantages(of: groups)[0] == [0, 0] && credit.smallestGroup == 2)
        #expect(credit.advantages(of: [[Outcome(reward: 1)]]) == [[0]] && credit.advantages(of: []).isEmpty)
    }
}
