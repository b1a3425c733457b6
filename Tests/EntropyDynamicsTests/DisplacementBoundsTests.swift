// Bounds along a displacement: entropy stays in its interval, and predictions err by no more than proved.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct DisplacementBoundsTests {
    /// A displacement of any kind and size: all logits, one logit, a policy-gradient step, a bonus.
    func randomDisplacement(_ random: inout RandomSource) throws -> (LogitDisplacement, step: Double) {
        let temperature = [1, 1, 0.6, 1.8][random.integer(below: 4)]
        let p = try Categorical(logits: randomLogits(&random), temperature: temperature)
        let step = random.normalPair().0 * [1e-3, 0.1, 1, 5][random.integer(below: 4)]
        let token = random.integer(below: p.vocabulary)
        switch random.integer(below: 4) {
        case 0: return (try LogitDisplacement(p, along: randomRow(&random, count: p.vocabulary)), step)
        case 1:
            let bump = p.probabilities.indices.map { $0 == token ? 1.0 : 0 }
            return (try LogitDisplacement(p, along: bump), step)
        case 2: return (p.policyGradientStep(on: token), step)
        default: return (p.entropyBonusStep(), step)
        }
    }

    @Test func `the spread is the largest difference of tempered moves`() throws {
        let p = try Categorical(logits: [0, 1, -.infinity, 3], temperature: 2)
        #expect(try LogitDisplacement(p, along: [1, -2, 50, 4]).spread == 3)
        #expect(try LogitDisplacement(Categorical(logits: [7]), along: [3]).spread == 0)
    }

    @Test func `no displacement multiplies or divides entropy by more than e to the spread`() throws {
        var (down, up) = (0.0, 0.0)
        try forRandomCases(10_000, seed: 461) { random, number in
            let (displacement, step) = try randomDisplacement(&random)
            let before = displacement.distribution.entropy
            let after = before + displacement.exact(step)
            let range = displacement.entropyInterval(step)
            let slack = 1e-13 * (1 + before)
            #expect(after >= range.lowerBound - slack, "case \(number): \(after) below \(range)")
            #expect(after <= range.upperBound + slack, "case \(number): \(after) above \(range)")
            let rho = abs(step) * displacement.spread
            if before > 1e-6, rho > 1e-2, after > 0 {
                down = max(down, log(before / after) / rho)
                up = max(up, log(after / before) / rho)
            }
        }
        // The factor is not idle: nearly certain steps come close to it.
        #expect(down > 0.8 && up > 0.8)
    }

    @Test func `predictions err by no more than their bounds`() throws {
        var (first, second) = (0.0, 0.0)
        try forRandomCases(10_000, seed: 462) { random, number in
            let (displacement, step) = try randomDisplacement(&random)
            let exact = displacement.exact(step)
            let errors = (abs(exact - displacement.firstOrder(step)), abs(exact - displacement.secondOrder(step)))
            let bounds = (displacement.firstOrderErrorBound(step), displacement.secondOrderErrorBound(step))
            let scale = abs(displacement.firstOrder(step)) + abs(displacement.secondOrder(step))
            let slack = 1e-14 + 1e-13 * scale
            #expect(errors.0 <= bounds.0 + slack, "case \(number): \(errors.0) against \(bounds.0)")
            #expect(errors.1 <= bounds.1 + slack, "case \(number): \(errors.1) against \(bounds.1)")
            if errors.0 > 1e-9 { first = max(first, errors.0 / bounds.0) }
            if errors.1 > 1e-9 { second = max(second, errors.1 / bounds.1) }
        }
        #expect(first > 0.3 && second > 0.1, "\(first), \(second)")
    }

    @Test func `a first-order prediction larger than its error bound has the right sign`() throws {
        var certain = 0
        try forRandomCases(10_000, seed: 463) { random, number in
            let (displacement, step) = try randomDisplacement(&random)
            let predicted = displacement.firstOrder(step)
            guard abs(predicted) > displacement.firstOrderErrorBound(step) + 1e-14 else { return }
            certain += 1
            #expect((displacement.exact(step) > 0) == (predicted > 0), "case \(number)")
        }
        #expect(certain >= 1_000)
    }

    @Test func `bounds shrink with the order of the step`() throws {
        try forRandomCases(seed: 464) { random, number in
            let (displacement, _) = try randomDisplacement(&random)
            let step = 1e-3 / max(1, displacement.spread)
            guard displacement.firstOrderErrorBound(step) > 1e-300 else { return }
            let halves = displacement.firstOrderErrorBound(step) / displacement.firstOrderErrorBound(step / 2)
            let eighths = displacement.secondOrderErrorBound(step) / displacement.secondOrderErrorBound(step / 2)
            #expect(abs(halves - 4) < 0.01 && abs(eighths - 8) < 0.02, "case \(number): \(halves), \(eighths)")
            #expect(displacement.firstOrderErrorBound(-step) == displacement.firstOrderErrorBound(step))
        }
    }

    @Test func `huge and meaningless steps leave the bounds that always hold`() throws {
        let p = try Categorical(logits: [2, 1, 0, -1])
        let step = p.policyGradientStep(on: 0)
        for size in [1e4, .infinity, .nan] { #expect(step.entropyInterval(size) == 0...log(4.0)) }
        #expect(step.firstOrderErrorBound(1e4) >= abs(step.exact(1e4) - step.firstOrder(1e4)))
        let certain = try Categorical(logits: [0, -.infinity]).policyGradientStep(on: 0)
        #expect(certain.entropyInterval(3) == 0...0)
        #expect(certain.firstOrderErrorBound(3) == 0 && certain.secondOrderErrorBound(3) == 0)
    }
}
