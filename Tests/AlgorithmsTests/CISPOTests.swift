// CISPO: the gradient carries a clipped weight and never vanishes.

import Algorithms
import Foundation
import Testing
import Trajectories

@Suite struct CISPOTests {
    @Test func `the derivative is minus the clipped ratio times the advantage`() throws {
        forRandomCases(seed: 1) { random, number in
            let surrogate = WeightedLogprobSurrogate(clipLow: 0.3, clipHigh: 0.5)
            let (policy, proximal) = (-3 * random.uniform(), -3 * random.uniform())
            let a = random.normalPair().0
            let term = surrogate.term(policyLogprob: policy, proximalLogprob: proximal, advantage: a)
            let weight = min(max(exp(policy - proximal), 0.7), 1.5)
            #expect(isClose(term.dLogprob, -weight * a, absolute: 1e-12), "case \(number)")
            #expect(isClose(term.loss, -weight * a * policy, absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `at ratio 1 it is GRPO, and far beyond the bound it is bounded`() throws {
        let table = try BatchMaker().make(seed: 2).table
        let (cispo, grpo) = (try algorithm("name: cispo"), try algorithm("name: grpo"))
        #expect(cispo.coefficients(for: table).g1 == grpo.coefficients(for: table).g1)
        let surrogate = try #require(cispo.surrogate as? any TokenSurrogate)
        let far = surrogate.term(policyLogprob: 0, proximalLogprob: -10, advantage: 1)
        #expect(far.dLogprob == -5 && far.clipSide == .high)
        let low = surrogate.term(policyLogprob: -10, proximalLogprob: 0, advantage: -1)
        #expect(isClose(low.dLogprob, exp(-10), absolute: 1e-15) && low.clipSide == .none)
    }
}
