// Penalties towards a reference, alone and beside reward and entropy bonus: directions, first order, exact change.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct RegularisedStepsTests {
    struct Pair {
        var logits: [Double]
        var temperature: Double
        var policy, reference: Categorical
    }

    func randomPair(_ random: inout RandomSource) throws -> Pair {
        let logits = randomLogits(&random, sizes: 2...16, spreads: [0.3, 1, 3])
        let temperature = [1, 1, 0.7, 1.6][random.integer(below: 4)]
        return Pair(
            logits: logits, temperature: temperature,
            policy: try Categorical(logits: logits, temperature: temperature),
            reference: try Categorical(logits: logits.map { $0 + random.normalPair().0 }))
    }

    func expectEqual(_ a: [Double], _ b: [Double], _ number: Int, tolerance: Double = 1e-12) {
        for (x, y) in zip(a, b) {
            #expect(isClose(x, y, absolute: tolerance, relative: tolerance), "case \(number): \(x) against \(y)")
        }
    }

    @Test func `both penalties descend their divergence`() throws {
        try forRandomCases(seed: 431) { random, number in
            let pair = try randomPair(&random)
            let reference = pair.reference.logProbabilities.map { Dual($0) }
            let reverse = dualGradient(pair.logits, temperature: pair.temperature) { logs in
                dualMean(logs, zip(logs, reference).map { $0 - $1 })
            }
            let forward = dualGradient(pair.logits, temperature: pair.temperature) { logs in
                dualMean(reference, zip(reference, logs).map { $0 - $1 })
            }
            let steps = (
                try pair.policy.reverseDivergenceStep(towards: pair.reference),
                try pair.policy.forwardDivergenceStep(towards: pair.reference)
            )
            expectEqual(steps.0.direction, reverse.map { -$0 }, number)
            expectEqual(steps.1.direction, forward.map { -$0 }, number)
        }
    }

    @Test func `the first order of both penalties is the sum over S of the notes`() throws {
        try forRandomCases(seed: 432) { random, number in
            let pair = try randomPair(&random)
            let (p, ref) = (pair.policy, pair.reference)
            let square = pair.temperature * pair.temperature
            let kl = p.mean { p.logProbabilities[$0] - ref.logProbabilities[$0] }
            let reverse = p.probabilities.indices.reduce(0) {
                let ratio = p.logProbabilities[$1] - ref.logProbabilities[$1]
                return $0 + p.discriminant(of: $1) * p.probabilities[$1] * (ratio - kl)
            }
            let found = try p.reverseDivergenceStep(towards: ref).firstOrder(0.01)
            #expect(isClose(found, 0.01 * reverse / square, absolute: 1e-13), "case \(number)")
            let forward = p.expectedDiscriminant - weighted(ref.probabilities, p.discriminants)
            let other = try p.forwardDivergenceStep(towards: ref).firstOrder(0.01)
            #expect(isClose(other, 0.01 * forward / square, absolute: 1e-13), "case \(number)")
        }
    }

    @Test func `the exact change of a penalty step is two entropies subtracted`() throws {
        try forRandomCases(seed: 433) { random, number in
            let pair = try randomPair(&random)
            let before = definedEntropy(pair.policy.probabilities)
            let size = [0.01, 1][random.integer(below: 2)]
            for step in [
                try pair.policy.reverseDivergenceStep(towards: pair.reference),
                try pair.policy.forwardDivergenceStep(towards: pair.reference),
            ] {
                let moved = zip(pair.logits, step.direction).map { $0 + size * $1 }
                let after = definedEntropy(definedProbabilities(moved, temperature: pair.temperature))
                #expect(isClose(step.exact(size), after - before, absolute: 1e-12), "case \(number)")
            }
        }
    }

    @Test func `estimators in the loss follow none, the reverse and the forward divergence`() throws {
        try forRandomCases(seed: 434) { random, number in
            let pair = try randomPair(&random)
            let (p, ref) = (pair.policy, pair.reference)
            // E_p of the gradient of k(ℓ) with ℓ = log p − log ref of the sampled token: Σ p k'(ℓ) ∇log p.
            func followed(_ slope: (Double) -> Double) -> [Double] {
                p.probabilities.indices.reduce([Double](repeating: 0, count: p.vocabulary)) { sum, token in
                    let pull = p.gradientOfLogprob(of: token)
                    let weight =
                        p.probabilities[token] * slope(p.logProbabilities[token] - ref.logProbabilities[token])
                    return zip(sum, pull).map { $0 - weight * $1 }
                }
            }
            expectEqual(followed { _ in 1 }, p.probabilities.map { _ in 0 }, number)
            expectEqual(followed { $0 }, try p.reverseDivergenceStep(towards: ref).direction, number)
            expectEqual(followed { 1 - exp(-$0) }, try p.forwardDivergenceStep(towards: ref).direction, number)
        }
    }

    @Test func `towards the uniform policy one penalty is an entropy bonus and the other raises entropy`() throws {
        try forRandomCases(seed: 435) { random, number in
            let pair = try randomPair(&random)
            let uniform = try Categorical(logits: pair.logits.map { _ in 0 })
            let bonus = pair.policy.entropyBonusStep().direction
            expectEqual(try pair.policy.reverseDivergenceStep(towards: uniform).direction, bonus, number)
            let first = try pair.policy.forwardDivergenceStep(towards: uniform).firstOrder(1)
            let expected = pair.policy.expectedDiscriminant / (pair.temperature * pair.temperature)
            #expect(isClose(first, expected, absolute: 1e-13), "case \(number)")
        }
    }

    @Test func `a policy at its reference is pulled nowhere`() throws {
        try forRandomCases(seed: 436) { random, _ in
            let p = try randomPair(&random).policy
            #expect(try p.reverseDivergenceStep(towards: p).direction.allSatisfy { $0 == 0 })
            #expect(try p.forwardDivergenceStep(towards: p).direction.allSatisfy { $0 == 0 })
        }
    }

    @Test func `a whole objective moves along its gradient and its first orders add`() throws {
        try forRandomCases(seed: 437) { random, number in
            let pair = try randomPair(&random)
            let (p, ref) = (pair.policy, pair.reference)
            let token = random.integer(below: p.vocabulary)
            let (weight, bonus, beta) = (random.normalPair().0, random.uniform(), random.uniform())
            let fixed = ref.logProbabilities.map { Dual($0) }
            for direction in [DivergencePenalty.Direction.reverse, .forward] {
                let step = try p.regularisedStep(
                    on: token, weight: weight, entropyCoefficient: bonus,
                    penalty: DivergencePenalty(towards: ref, coefficient: beta, direction: direction))
                let gradient = dualGradient(pair.logits, temperature: pair.temperature) { logs in
                    let divergence =
                        direction == .reverse
                        ? dualMean(logs, zip(logs, fixed).map { $0 - $1 })
                        : dualMean(fixed, zip(fixed, logs).map { $0 - $1 })
                    return Dual(weight) * logs[token] - Dual(bonus) * dualMean(logs, logs) - Dual(beta) * divergence
                }
                expectEqual(step.direction, gradient, number)
                let penalty =
                    direction == .reverse
                    ? try p.reverseDivergenceStep(towards: ref) : try p.forwardDivergenceStep(towards: ref)
                let parts =
                    weight * p.policyGradientStep(on: token).firstOrder(1)
                    + bonus * p.entropyBonusStep().firstOrder(1) + beta * penalty.firstOrder(1)
                #expect(isClose(step.firstOrder(1), parts, absolute: 1e-12), "case \(number)")
            }
            let plain = try p.regularisedStep(on: token, weight: 1)
            #expect(plain.direction == p.policyGradientStep(on: token).direction)
        }
    }

    @Test func `an infinite divergence and a strange token are refused in one sentence`() throws {
        let all = try Categorical(logits: [1, 0, 0.5])
        let some = try Categorical(logits: [1, -.infinity, 0.5])
        #expect(
            refusal { _ = try all.reverseDivergenceStep(towards: some) }
                == "a divergence is infinite: the policy can draw a token that the reference cannot; "
                + "compare them over one support (reference)")
        #expect(
            refusal { _ = try some.forwardDivergenceStep(towards: all) }
                == "a divergence is infinite: the reference can draw a token that the policy cannot; "
                + "compare them over one support (reference)")
        #expect(try some.reverseDivergenceStep(towards: all).direction[1] == 0)
        #expect(refusal { _ = try all.forwardDivergenceStep(towards: some) } == nil)
        #expect(
            refusal { _ = try all.regularisedStep(on: 3, weight: 1) }
                == "a step on one token needs a token of the vocabulary of 3, got 3 (token)")
        let off = DivergencePenalty(towards: some, coefficient: 0)
        #expect(refusal { _ = try all.regularisedStep(on: 0, weight: 1, penalty: off) } == nil)
    }
}
