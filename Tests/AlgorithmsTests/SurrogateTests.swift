// The clipped surrogate: its derivative, its clips, and what they mean for entropy.

import Algorithms
import Foundation
import Testing
import Trajectories

@Suite struct SurrogateTests {
    @Test func `the derivative is that of the loss`() {
        var clipped = 0
        forRandomCases(4_000, seed: 1) { random, number in
            let surrogate = ClippedSurrogate(clipLow: 0.2, clipHigh: 0.28, dualClip: number % 2 == 0 ? .infinity : 3)
            let (advantage, logprob) = (random.normalPair().0, -3 * random.uniform())
            let proximal = logprob - random.normalPair().0
            let ratio = exp(logprob - proximal)
            guard [0.8, 1.28, 3].allSatisfy({ abs(ratio - $0) > 1e-3 }) else { return }
            func loss(_ x: Double) -> Double {
                surrogate.term(policyLogprob: x, proximalLogprob: proximal, advantage: advantage).loss
            }
            let numeric = (loss(logprob + 1e-5) - loss(logprob - 1e-5)) / 2e-5
            let term = surrogate.term(policyLogprob: logprob, proximalLogprob: proximal, advantage: advantage)
            #expect(isClose(term.dLogprob, numeric, absolute: 1e-8, relative: 1e-8), "case \(number)")
            #expect((term.clipSide == .none) == (term.dLogprob != 0), "case \(number)")
            if term.clipSide != .none { clipped += 1 }
        }
        #expect(clipped > 500)
    }

    @Test func `the loss is the pessimistic one of the two objectives`() {
        forRandomCases(seed: 2) { random, number in
            let surrogate = ClippedSurrogate(clipLow: 0.1, clipHigh: 0.3)
            let (advantage, shift) = random.normalPair()
            let ratio = exp(shift)
            let written = -min(ratio * advantage, min(max(ratio, 0.9), 1.3) * advantage)
            let term = surrogate.term(policyLogprob: shift - 1, proximalLogprob: -1, advantage: advantage)
            #expect(isClose(term.loss, written), "case \(number)")
            let dual = ClippedSurrogate(clipLow: 0.1, clipHigh: 0.3, dualClip: 2)
                .term(policyLogprob: shift - 1, proximalLogprob: -1, advantage: advantage)
            #expect(isClose(dual.loss, advantage < 0 ? min(written, -2 * advantage) : written), "case \(number)")
        }
    }

    @Test(arguments: [
        (0.5, 1.0, ClipSide.none), (1.25, 1, .high), (1.25, -1, .none), (0.75, -1, .low), (0.75, 1, .none),
        (4, -1, .dual), (4, 1, .high), (1.0, 0, .none), (9, 0, .none),
    ])
    func `each side clips only the sign it is meant for`(ratio: Double, advantage: Double, side: ClipSide) {
        let surrogate = ClippedSurrogate(dualClip: 3)
        let term = surrogate.term(policyLogprob: log(ratio) - 2, proximalLogprob: -2, advantage: advantage)
        #expect(term.clipSide == side)
        #expect((term.dLogprob == 0) == (side != .none || advantage == 0))
    }

    @Test func `a collapsed probability gives a finite loss`() {
        let term = ClippedSurrogate().term(policyLogprob: 0, proximalLogprob: -1e4, advantage: -1)
        #expect(term.loss == exp(20) && term.dLogprob.isFinite)
    }

    @Test func `a clipped token moves no logit and no entropy`() throws {
        var clipped = 0
        try forRandomCases(seed: 3) { random, number in
            let batch = try BatchMaker(staleness: 0.5).make(&random)
            let found = try algorithm("name: grpo, dual_clip: 2").coefficients(for: batch.table)
            for token in 0..<batch.table.count {
                let ratio = exp(Double(batch.table.policyLogprob[token]) - Double(batch.table.proximalLogprob[token]))
                let a = batch.table.advantage[token]
                guard a > 0 && ratio > 1.2 || a < 0 && (ratio < 0.8 || ratio > 2) else { continue }
                clipped += 1
                #expect(found.g1[token] == 0 && found.predictedEntropyChange[token] == 0, "case \(number)")
            }
        }
        #expect(clipped > 1_000)
    }
}
