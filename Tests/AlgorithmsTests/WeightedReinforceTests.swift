// PSR, NSR and W-REINFORCE: which completions push, and how hard.

import Algorithms
import Testing

@Suite struct WeightedReinforceTests {
    @Test func `right completions weigh lambda, wrong ones one; the halves are PSR and NSR`() throws {
        let both = try algorithm("name: w_reinforce").credit.advantages(twoOfEight)
        #expect(both == [0.1, -1, -1, 0.1, -1, -1, -1, -1])
        #expect(try algorithm("name: psr").credit.advantages(twoOfEight) == twoOfEight)
        #expect(try algorithm("name: nsr").credit.advantages(twoOfEight) == twoOfEight.map { $0 - 1 })
        let silent = try algorithm("name: w_reinforce, positive: 0").credit.advantages(twoOfEight)
        #expect(silent == twoOfEight.map { $0 - 1 })
    }

    @Test func `a shaped reward is on one side of the threshold, never on neither`() throws {
        let credit = try algorithm("name: w_reinforce, threshold: 0.8").credit
        #expect(credit.advantages([0.9, 0.8, 0.1, -1]) == [0.1, -1, -1, -1])
    }
}
