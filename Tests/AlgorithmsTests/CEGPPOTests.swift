// CE-GPPO: beyond the clip the gradient is beta times the bound, whatever the ratio.

import Algorithms
import Foundation
import Testing
import Trajectories

@Suite struct CEGPPOTests {
    @Test func `clipped tokens keep beta times the bound, the others PPO's gradient`() throws {
        let surrogate = GradientPreservingSurrogate(negativeScale: 0.5, positiveScale: 0.9)
        let ppo = ClippedSurrogate()
        forRandomCases(seed: 1) { random, number in
            let gap = 2 * (random.uniform() - 0.5)
            let a = random.normalPair().0
            let term = surrogate.term(policyLogprob: gap - 1, proximalLogprob: -1, advantage: a)
            let plain = ppo.term(policyLogprob: gap - 1, proximalLogprob: -1, advantage: a)
            #expect(term.clipSide == plain.clipSide, "case \(number)")
            switch term.clipSide {
            case .high: #expect(isClose(term.dLogprob, -0.9 * 1.2 * a, absolute: 1e-12), "case \(number)")
            case .low: #expect(isClose(term.dLogprob, -0.5 * 0.8 * a, absolute: 1e-12), "case \(number)")
            default: #expect(term == plain, "case \(number)")
            }
        }
    }

    @Test func `beta 0 has PPO's gradient`() throws {
        let batch = try BatchMaker(staleness: 0.5).make(seed: 3)
        let zero = try algorithm("name: ce_gppo, beta_neg: 0, beta_pos: 0").coefficients(for: batch.table)
        #expect(zero.g1 == (try algorithm("name: grpo").coefficients(for: batch.table).g1))
    }
}
