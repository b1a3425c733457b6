// Flexible clipping: which tokens are clipped, and by which bounds at which update.

import Algorithms
import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct FlexibleClippingTests {
    private func bounds(_ yaml: String, at index: Int, entropies: [Double] = [1]) throws -> ClipBounds {
        let table = try BatchMaker().make(seed: 1).table
        var algorithm = try algorithm("name: flexible_clip, \(yaml)")
        var last: UpdatePlan?
        for (offset, entropy) in entropies.enumerated() {
            last = try algorithm.plan(
                for: PendingUpdate(
                    index: index + offset, total: 240, tokens: table, entropy: entropy, learningRate: 1,
                    momentumMemory: 0))
        }
        return try #require(last?.algorithm.surrogate as? FlexibleSurrogate).bounds
    }

    /// Literal clip of the objective, with ε at the current probability.
    @Test func `the objective is the paper's, and a clipped token has no gradient`() throws {
        let bounds = ClipBounds(
            upper: ClipBound(slope: -0.25, intercept: 0.5), lower: ClipBound(slope: -0.13, intercept: 0.3))
        let surrogate = FlexibleSurrogate(bounds: bounds)
        var clipped = 0
        forRandomCases(seed: 1) { random, number in
            let now = 0.01 + 0.98 * random.uniform()
            let ratio = exp(0.5 * random.normalPair().0)
            let old = now / ratio
            guard old < 1 else { return }
            let advantage = random.normalPair().0
            let term = surrogate.term(policyLogprob: log(now), proximalLogprob: log(old), advantage: advantage)
            let (low, high) = (1 - (-0.13 * now + 0.3), 1 + (-0.25 * now + 0.5))
            let bounded = min(max(ratio, low), high)
            #expect(isClose(term.loss, -min(ratio * advantage, bounded * advantage), absolute: 1e-9), "case \(number)")
            let isClipped = advantage > 0 ? ratio > high : ratio < low
            clipped += isClipped ? 1 : 0
            #expect(isClose(term.dLogprob, isClipped ? 0 : -ratio * advantage, absolute: 1e-9), "case \(number)")
        }
        #expect(clipped > 100)
    }

    /// Widths at p = 0.1 over 240 updates, worked out by hand from the formulas.
    @Test(arguments: [
        ("increase_decrease", 0, 0.475, 0.2), ("increase_decrease", 60, 0.3375, 0.2),
        ("increase_decrease", 121, 0.2, 0.2863), ("increase_decrease", 180, 0.2, 0.2435),
        ("decrease_increase_decrease", 0, 0.2, 0.2), ("decrease_increase_decrease", 60, 0.3375, 0.2),
        ("decrease_increase_decrease", 120, 0.475, 0.2), ("decrease_increase_decrease", 180, 0.475, 0.2435),
    ])
    func `schedules`(name: String, index: Int, upper: Double, lower: Double) throws {
        let found = try bounds("schedule: \(name)", at: index)
        #expect(abs(found.upper.width(at: 0.1) - upper) < 5e-5 && abs(found.lower.width(at: 0.1) - lower) < 5e-5)
    }

    @Test func `oscillation switches at its thresholds and keeps its side between them`() throws {
        func isRaising(_ entropies: [Double]) throws -> Bool {
            try bounds("schedule: oscillatory_decay, smoothing: 0, initial_entropy: 1", at: 120, entropies: entropies)
                .upper.slope != 0
        }
        // floor 0.2, ceiling 0.6 half-way
        #expect(try isRaising([0.5]))
        #expect(try !isRaising([0.7]))
        #expect(try !isRaising([0.7, 0.5, 0.3]))
        #expect(try isRaising([0.7, 0.5, 0.19, 0.5]))
    }

    @Test func `at ratio 1 it is GRPO`() throws {
        let table = try BatchMaker().make(seed: 3).table
        let flexible = try algorithm("name: flexible_clip").coefficients(for: table)
        #expect(flexible.g1 == (try algorithm("name: grpo").coefficients(for: table).g1))
        #expect(refusal("name: flexible_clip, clip_high: 0.3")?.contains("clip_high is not a key here") == true)
    }
}
