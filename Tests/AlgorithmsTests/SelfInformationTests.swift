// Self-information advantage: rare successes count for more, everything else for what it was.

import Algorithms
import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct SelfInformationTests {
    private func groups(_ random: inout RandomSource) -> [[Outcome]] {
        (0..<(1 + random.integer(below: 4))).map { _ in
            (0..<(2 + random.integer(below: 5))).map { _ in
                Outcome(
                    reward: random.uniform() < 0.4 ? 1 : 0,
                    sampledLogprob: (0..<(1 + random.integer(below: 6))).map { _ in Float(-3 * random.uniform()) })
            }
        }
    }

    @Test func `only rewarded completions change, the rarer the more, and exponent 0 changes nothing`() throws {
        let base = GroupNormalisedCredit()
        let credit = try algorithm("name: self_information, gamma: 1.5, limit: 3").credit
        let none = try algorithm("name: self_information, gamma: 0").credit
        forRandomCases(seed: 1) { random, number in
            let groups = groups(&random)
            let (plain, found) = (base.advantages(of: groups), credit.advantages(of: groups))
            #expect(none.advantages(of: groups) == plain, "case \(number)")
            var factors: [(information: Double, factor: Double)] = []
            for (index, outcome) in groups.joined().enumerated() {
                let (before, after) = (Array(plain.joined())[index], Array(found.joined())[index])
                guard before > 0 else {
                    #expect(before == after, "case \(number)")
                    continue
                }
                let sum = outcome.sampledLogprob.reduce(0) { $0 + Double($1) }
                factors.append((-sum / Double(outcome.length), after / before))
            }
            let mean = factors.reduce(0) { $0 + $1.information } / Double(max(factors.count, 1))
            for (information, factor) in factors {
                let wanted = min(max(pow(information / mean, 1.5), 1.0 / 3), 3)
                #expect(isClose(factor, wanted, absolute: 1e-9, relative: 1e-9), "case \(number)")
            }
        }
    }

    @Test func `of two equally credited successes the rarer one gains, and with it the predicted entropy change`()
        throws
    {
        try forRandomCases(300, seed: 2) { random, number in
            let p = try Categorical(logits: (0..<6).map { _ in 1.5 * random.normalPair().0 })
            let tokens = (0..<6).sorted { p.probabilities[$0] > p.probabilities[$1] }
            // the likely and the unlikely token both right, one failure beside them
            let (likely, unlikely) = (tokens[0], tokens[5])
            let group = [(likely, 1.0), (unlikely, 1), (tokens[2], 0)].map { token, reward in
                Outcome(reward: reward, sampledLogprob: [Float(p.logProbabilities[token])])
            }
            func change(_ exponent: Double) -> Double {
                let credit = SelfInformationCredit(GroupNormalisedCredit(), exponent: exponent, limit: 1e6)
                let advantages = credit.advantages(of: [group])[0]
                return zip([likely, unlikely], advantages).reduce(0) { total, pair in
                    total + pair.1 * p.entropySensitivity(of: pair.0)
                }
            }
            // −(S − E[S]) is below 0 for the likeliest token and above it for the unlikeliest
            #expect(change(1) > change(0) && change(-1) < change(0), "case \(number)")
        }
    }
}
