// Pass@k credit against the average over every subset of k completions.

import Algorithms
import Testing
import Trajectories

@Suite struct PassAtKTrainingTests {
    @Test func `known groups give known credit`() throws {
        let four = PassAtKCredit(k: 4).advantages(twoOfEight)
        #expect(isClose(four[0], 0.522233, absolute: 1e-6) && isClose(four[1], -0.174078, absolute: 1e-6))
        let one = PassAtKCredit(k: 1).advantages(twoOfEight)
        #expect(isClose(one[0], 3.0.squareRoot(), absolute: 1e-12))
        #expect(isClose(one[1], -1 / 3.0.squareRoot(), absolute: 1e-12))
    }

    /// The mean normalised reward of the subsets of size k that contain each completion, by enumeration.
    private func enumerated(_ rewards: [Double], _ k: Int) -> [Double]? {
        let n = rewards.count
        let subsets = (0..<1 << n).filter { $0.nonzeroBitCount == k }
        let passes = subsets.map { subset in (0..<n).contains { subset >> $0 & 1 == 1 && rewards[$0] == 1 } ? 1.0 : 0 }
        let rate = passes.reduce(0, +) / Double(passes.count)
        guard rate > 0, rate < 1 else { return nil }
        let deviation = (rate * (1 - rate)).squareRoot()
        return (0..<n).map { index in
            let own = zip(subsets, passes).filter { $0.0 >> index & 1 == 1 }.map { ($0.1 - rate) / deviation }
            return own.reduce(0, +) / Double(own.count)
        }
    }

    @Test func `credit is the average over subsets, sums to zero, and is nothing without contrast`() {
        var compared = 0
        forRandomCases(seed: 1) { random, number in
            let n = 2 + random.integer(below: 7)
            let k = 1 + random.integer(below: n)
            let rewards = (0..<n).map { _ in Double(random.integer(below: 2)) }
            let credit = PassAtKCredit(k: k).advantages(rewards)
            #expect(abs(credit.reduce(0, +)) < 1e-10, "case \(number)")
            guard let wanted = enumerated(rewards, k) else {
                #expect(credit.allSatisfy { $0 == 0 }, "case \(number)")
                return
            }
            compared += 1
            for (a, b) in zip(credit, wanted) { #expect(isClose(a, b, absolute: 1e-10), "case \(number)") }
        }
        #expect(compared > 300)
    }

    @Test func `a group smaller than k is refused when a run is set up`() throws {
        #expect(try algorithm("name: pass_at_k, k: 9").credit.smallestGroup == 9)
        #expect(PassAtKCredit(k: 9).advantages(twoOfEight).allSatisfy { $0 == 0 })
    }
}
