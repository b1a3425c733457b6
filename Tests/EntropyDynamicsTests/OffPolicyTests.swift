// Stale samplers: the identity importance weights restore, and the bias of every other weight.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct OffPolicyTests {
    static let transforms: [RatioTransform] = [
        .identity, .ignored, .truncated(at: 1.3), .clamped(to: 0.8...1.28), .masked(to: 0.5...2),
    ]

    /// A policy and a sampler that has drifted from it.
    func randomStep(_ random: inout RandomSource, temperature: Double = 1) throws -> OffPolicyStep {
        let logits = randomLogits(&random, sizes: 2...24, spreads: [0.3, 1, 3])
        let drift = [0.01, 0.3, 1][random.integer(below: 3)]
        return try OffPolicyStep(
            policy: Categorical(logits: logits, temperature: temperature),
            sampler: Categorical(
                logits: logits.map { $0 + drift * random.normalPair().0 }, temperature: 0.6 + random.uniform()))
    }

    /// Σ q w (S − E_p[S]) from plain probabilities.
    func definedDeviation(_ step: OffPolicyStep, _ weight: (Double, Double) -> Double) -> Double {
        let (p, q) = (step.policy.probabilities, step.sampler.probabilities)
        let entropy = definedEntropy(p)
        let s = p.map { $0 * (entropy + log($0)) }
        let baseline = weighted(p, s)
        return p.indices.reduce(0) { $0 + q[$1] * weight(p[$1], q[$1]) * (s[$1] - baseline) }
    }

    @Test func `the ratio restores the zero mean and nothing else does`() throws {
        var biased = 0
        try forRandomCases(seed: 411) { random, number in
            let step = try randomStep(&random)
            #expect(abs(step.meanDeviation()) <= 1e-13, "case \(number)")
            if abs(step.meanDeviation(.ignored)) > 1e-5 { biased += 1 }
        }
        #expect(biased > 950)
    }

    @Test func `the bias of a truncated, clamped or masked ratio is what was taken from it`() throws {
        var biased = [0, 0, 0]
        try forRandomCases(seed: 412) { random, number in
            let step = try randomStep(&random)
            let found = [
                step.meanDeviation(.truncated(at: 1.3)), step.meanDeviation(.clamped(to: 0.8...1.28)),
                step.meanDeviation(.masked(to: 0.5...2)),
            ]
            // The identity's mean is 0, so only the part of r that a transform removes is left, with a minus sign.
            let removed = [
                -definedDeviation(step) { max(0, $0 / $1 - 1.3) },
                -definedDeviation(step) { max(0, $0 / $1 - 1.28) - max(0, 0.8 - $0 / $1) },
                -definedDeviation(step) { (0.5...2).contains($0 / $1) ? 0 : $0 / $1 },
            ]
            for (index, pair) in zip(found, removed).enumerated() {
                #expect(isClose(pair.0, pair.1, absolute: 1e-13), "case \(number), transform \(index)")
                if abs(pair.0) > 1e-5 { biased[index] += 1 }
            }
            #expect(isClose(step.meanDeviation(.ignored), definedDeviation(step) { _, _ in 1 }), "case \(number)")
        }
        #expect(biased.allSatisfy { $0 > 200 })
    }

    @Test func `tokens the sampler cannot draw leave their own deviation behind`() throws {
        try forRandomCases(seed: 413) { random, number in
            let logits = randomLogits(&random, sizes: 4...30, spreads: [0.3, 1, 3])
            let p = try Categorical(logits: logits)
            let kept = 2 + random.integer(below: logits.count - 3)
            let floor = logits.sorted(by: >)[kept - 1]
            let topK = try Categorical(logits: logits.map { $0 >= floor ? $0 : -.infinity })
            let step = try OffPolicyStep(policy: p, sampler: topK)
            let dropped = logits.indices.filter { logits[$0] < floor }
            let mass = dropped.reduce(0) { $0 + p.probabilities[$1] }
            #expect(isClose(step.uncoveredMass, mass, absolute: 1e-15), "case \(number)")
            let left = dropped.reduce(0) { $0 + p.probabilities[$1] * p.centredDiscriminant(of: $1) }
            #expect(isClose(step.meanDeviation(), -left, absolute: 1e-13), "case \(number)")
            #expect(step.chiSquared == .infinity)
            #expect(step.effectiveShare() <= 1 + 1e-12)
        }
    }

    @Test func `with the full ratio the expected step is the on-policy one, whoever sampled`() throws {
        try forRandomCases(seed: 414) { random, number in
            let temperature = [1, 0.7, 1.6][random.integer(below: 3)]
            let step = try randomStep(&random, temperature: temperature)
            let p = step.policy
            let advantages = randomRow(&random, count: p.vocabulary)
            let mean = weighted(p.probabilities, advantages)
            let direction = try step.expectedStep(advantages: advantages).direction
            for token in advantages.indices {
                let onPolicy = p.probabilities[token] * (advantages[token] - mean) / temperature
                #expect(isClose(direction[token], onPolicy, absolute: 1e-12), "case \(number)")
            }
        }
    }

    @Test func `the expected change is the mean over the sampler of weighted token changes`() throws {
        try forRandomCases(seed: 415) { random, number in
            let temperature = [1, 0.7, 1.6][random.integer(below: 3)]
            let step = try randomStep(&random, temperature: temperature)
            let (p, q) = (step.policy, step.sampler)
            let advantages = randomRow(&random, count: p.vocabulary)
            for transform in Self.transforms {
                let mean = q.mean { token in
                    let weight = transform.weight(ofRatio: p.probabilities[token] / q.probabilities[token])
                    return p.policyGradientStep(on: token).firstOrder(0.1 * weight * advantages[token])
                }
                let found = try step.expectedStep(advantages: advantages, transform).firstOrder(0.1)
                #expect(isClose(found, mean, absolute: 1e-12), "case \(number): \(transform)")
            }
        }
    }

    @Test func `drawn tokens average to the mean deviation within four standard errors`() throws {
        try forRandomCases(20, seed: 416) { random, number in
            let step = try randomStep(&random)
            let draws = (0..<10_000).map { _ in drawToken(&random, from: step.sampler) }
            for transform in Self.transforms {
                let values = draws.map { token in
                    transform.weight(ofRatio: step.ratio(of: token)) * step.policy.centredDiscriminant(of: token)
                }
                let mean = values.reduce(0, +) / 10_000
                let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10_000).squareRoot()
                let error = abs(mean - step.meanDeviation(transform))
                #expect(error <= 4 * spread / 100 + 1e-15, "case \(number): \(transform)")
            }
        }
    }

    @Test func `chi-squared and the effective share are two names of one spread`() throws {
        try forRandomCases(seed: 417) { random, number in
            let step = try randomStep(&random)
            let (p, q) = (step.policy.probabilities, step.sampler.probabilities)
            let square = zip(p, q).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }
            #expect(isClose(step.chiSquared, square - 1, absolute: 1e-12, relative: 1e-11), "case \(number)")
            #expect(isClose(step.effectiveShare(), 1 / square, absolute: 1e-12), "case \(number)")
            for transform in Self.transforms {
                let share = step.effectiveShare(transform)
                #expect(share >= 0 && share <= 1 + 1e-12, "case \(number): \(transform)")
            }
            #expect(isClose(step.effectiveShare(.ignored), 1, absolute: 1e-12), "case \(number)")
        }
        let p = try Categorical(logits: [0.3, 1, -2])
        #expect(try OffPolicyStep(policy: p, sampler: p).chiSquared == 0)
    }

    @Test func `the effective sample size counts equal weights and ignores scale`() {
        #expect(effectiveSampleSize(weights: [2, 2, 2, 2]) == 4)
        #expect(effectiveSampleSize(weights: [5, 0, 0]) == 1)
        #expect(effectiveSampleSize(weights: [1, 2]) == 1.8)
        #expect(effectiveSampleSize(weights: []) == 0 && effectiveSampleSize(weights: [0, 0]) == 0)
        forRandomCases(seed: 418) { random, number in
            let weights = (0..<(1 + random.integer(below: 50))).map { _ in exp(random.normalPair().0) }
            let size = effectiveSampleSize(weights: weights)
            #expect(size >= 1 - 1e-12 && size <= Double(weights.count) * (1 + 1e-12), "case \(number)")
            let scaled = effectiveSampleSize(weights: weights.map { 7 * $0 })
            #expect(isClose(size, scaled, absolute: 0, relative: 1e-13), "case \(number)")
            let mean = weights.reduce(0, +) / Double(weights.count)
            let variance = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(weights.count)
            let expected = Double(weights.count) / (1 + variance / (mean * mean))
            #expect(isClose(size, expected, absolute: 0, relative: 1e-12), "case \(number)")
        }
    }

    @Test func `every transform does to a ratio what its name says`() {
        let ratios = [0, 0.5, 0.79, 1, 1.28, 1.3, 2.5]
        func weights(_ transform: RatioTransform) -> [Double] { ratios.map(transform.weight(ofRatio:)) }
        #expect(weights(.identity) == ratios)
        #expect(weights(.ignored) == ratios.map { _ in 1 })
        #expect(weights(.truncated(at: 1.3)) == [0, 0.5, 0.79, 1, 1.28, 1.3, 1.3])
        #expect(weights(.clamped(to: 0.8...1.28)) == [0.8, 0.8, 0.8, 1, 1.28, 1.28, 1.28])
        #expect(weights(.masked(to: 0.8...1.28)) == [0, 0, 0, 1, 1.28, 0, 0])
        #expect(weights(.masked(to: 0.8...(.infinity))) == [0, 0, 0, 1, 1.28, 1.3, 2.5])
    }

    @Test func `what does not fit is refused in one sentence`() throws {
        let (p, q) = (try Categorical(logits: [1, 0, 2]), try Categorical(logits: [1, 0]))
        #expect(
            refusal { _ = try OffPolicyStep(policy: p, sampler: q) }
                == "two distributions can be compared over one vocabulary only: 3 and 2 (vocabulary)")
        let step = try OffPolicyStep(policy: p, sampler: p)
        #expect(
            refusal { _ = try step.expectedStep(advantages: [1]) }
                == "a row of advantages needs one entry per token: 1 for 3 (advantages)")
    }
}
