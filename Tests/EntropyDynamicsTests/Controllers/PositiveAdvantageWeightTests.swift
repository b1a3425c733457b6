// The three schedules of positive-advantage reweighting.

import EntropyDynamics
import Testing
import Trajectories

@Suite struct PositiveAdvantageWeightTests {
    @Test func `the entropy-guided weight walks by D with the sign of H - delta and saturates`() throws {
        // D = 2^-4, so that an integer walk is an exact oracle.
        try forRandomCases(seed: 171) { random, number in
            var walk = random.integer(below: 17)
            var weight = try PositiveAdvantageWeight(.init(threshold: 0.3, step: 0x1p-4, initial: Double(walk) / 16))
            for _ in 0..<80 {
                let tenths = random.integer(below: 7)
                #expect(weight.weight == Double(walk) / 16, "case \(number)")
                walk = min(max(walk + (tenths < 3 ? -1 : 1), 0), 16)
                #expect(try weight.update(entropy: Double(tenths) / 10) == Double(walk) / 16, "case \(number)")
            }
        }
    }

    @Test func `the published setting goes from negatives alone to plain GRPO in twenty steps and back`() throws {
        var weight = try PositiveAdvantageWeight()
        #expect(weight.weight == 0)
        for _ in 0..<21 { try weight.update(entropy: 0.2) }
        #expect(weight.weight == 1)
        try weight.update(entropy: 0.199)
        #expect(isClose(weight.weight, 0.95, absolute: 1e-15))
        for _ in 0..<20 { try weight.update(entropy: 0.1) }
        #expect(weight.weight == 0)
    }

    @Test func `stages and epochs`() throws {
        let stages = try [-1, 0, 50, 75, 100, 140].map { try PositiveAdvantageWeight.stageBased(step: $0, of: 100) }
        #expect(stages == [0, 0, 0, 0.5, 1, 1])
        let epochs = try (0...6).map { try PositiveAdvantageWeight.epochwise(epoch: $0, of: 5) }
        #expect(epochs == [0, 0, 0.25, 0.5, 0.75, 1, 1])
        try forRandomCases(seed: 172) { random, number in
            // The second half of a run of 2n steps is linear from 0 to 1 over n steps.
            let half = 1 + random.integer(below: 500)
            let step = random.integer(below: half + 1)
            let late = try PositiveAdvantageWeight.stageBased(step: half + step, of: 2 * half)
            #expect(isClose(late, Double(step) / Double(half), absolute: 1e-15), "case \(number)")
            #expect(try PositiveAdvantageWeight.stageBased(step: half - step, of: 2 * half) == 0, "case \(number)")
        }
    }

    @Test func `the weight is on positive advantages alone`() {
        #expect(PositiveAdvantageWeight.weights(0.25, advantages: [2, 0, -1, 1e-9]) == [0.25, 1, 1, 0.25])
        #expect(PositiveAdvantageWeight.weights(1, advantages: [2, 0, -1]) == [1, 1, 1])
    }

    @Test func `a restart anywhere changes nothing`() throws {
        try forRandomCases(seed: 173) { random, number in
            var whole = try PositiveAdvantageWeight()
            var cut = whole
            let restart = random.integer(below: 40)
            for step in 0..<40 {
                if step == restart { cut = try PositiveAdvantageWeight(resuming: throughJSON(cut.state)) }
                let entropy = random.uniform(in: 0...0.4)
                #expect(try whole.update(entropy: entropy) == cut.update(entropy: entropy), "case \(number)")
            }
        }
    }

    @Test func `bad settings and measurements are refused`() throws {
        #expect(
            refusal { _ = try PositiveAdvantageWeight.epochwise(epoch: 1, of: 1) }
                == "a weight by epochs goes from 0 in the first to 1 in the last and needs two or more, got 1 (total)")
        #expect(refusalCode { _ = try PositiveAdvantageWeight.stageBased(step: 1, of: 0) } == .badSetting)
        for settings in [
            PositiveAdvantageWeight.Settings(threshold: -1), .init(step: 0), .init(initial: 1.5), .init(step: .nan),
        ] {
            #expect(refusalCode { _ = try PositiveAdvantageWeight(settings) } == .badSetting, "\(settings)")
        }
        var weight = try PositiveAdvantageWeight()
        let before = weight
        #expect(
            refusal { try weight.update(entropy: .nan) }
                == "a weight of positive advantages cannot act on a measurement of nan; look for diverged weights "
                + "(entropy)")
        #expect(weight == before)
    }
}
