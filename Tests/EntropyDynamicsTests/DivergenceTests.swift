// Kullback-Leibler divergence and cross entropy: definitions, digits, limits.

import Foundation
import Testing
import Trajectories

@testable import EntropyDynamics

@Suite struct DivergenceTests {
    @Test func `a divergence is the mean log-ratio, never negative, and zero only from itself`() throws {
        try forRandomCases(seed: 421) { random, number in
            let logits = randomLogits(&random)
            let p = try Categorical(logits: logits, temperature: 0.5 + random.uniform())
            let q = try Categorical(logits: logits.map { $0 + random.normalPair().0 })
            let defined = p.mean { p.logProbabilities[$0] - q.logProbabilities[$0] }
            let found = try p.divergence(from: q)
            #expect(isClose(found, defined, absolute: 1e-13, relative: 1e-13), "case \(number)")
            #expect(found > 0, "case \(number)")
            #expect(try p.divergence(from: p) == 0, "case \(number)")
        }
    }

    @Test func `the divergence of two nearly equal distributions keeps its digits`() throws {
        try forRandomCases(seed: 422) { random, number in
            let logits = randomLogits(&random, sizes: 2...12, spreads: [0.1, 1]).map { $0 / 8 }
            let p = try Categorical(logits: logits)
            // The shifts are exact in binary, so only log p itself is rounded.
            let shift = logits.map { _ in Double(random.integer(below: 1_000)) * 0x1p-30 }
            let q = try Categorical(logits: zip(logits, shift).map { $0 + $1 })
            let variance = try p.covariance(shift, shift)
            guard variance > 1e-14 else { return }
            // KL(p‖q) = ½ Var_p(δ) + O(δ³), some 1e-13 in all: a sum of log-ratios would be 1e-3 off.
            #expect(isClose(try p.divergence(from: q), variance / 2, absolute: 0, relative: 1e-5), "case \(number)")
        }
    }

    @Test func `a cross entropy is entropy and divergence`() throws {
        try forRandomCases(seed: 423) { random, number in
            let logits = randomLogits(&random)
            let p = try Categorical(logits: logits)
            let q = try Categorical(logits: logits.map { $0 + random.normalPair().0 })
            let cross = try p.crossEntropy(under: q)
            #expect(isClose(cross, p.entropy + (try p.divergence(from: q)), absolute: 1e-12), "case \(number)")
            #expect(isClose(try p.crossEntropy(under: p), p.entropy, absolute: 1e-13), "case \(number)")
            let uniform = try Categorical(logits: logits.map { _ in 0 })
            let missing = log(Double(logits.count)) - p.entropy
            #expect(isClose(try p.divergence(from: uniform), missing, absolute: 1e-13), "case \(number)")
        }
    }

    @Test func `mass without support is infinitely far, the other way round it is not`() throws {
        let all = try Categorical(logits: [1, 0, 0.5])
        let some = try Categorical(logits: [1, -.infinity, 0.5])
        #expect(try all.divergence(from: some) == .infinity)
        #expect(try all.crossEntropy(under: some) == .infinity)
        // KL(some‖all) = −log(mass of some under all), since the ratio is constant there.
        #expect(isClose(try some.divergence(from: all), -log1p(-all.probabilities[1]), absolute: 1e-15))
        #expect(isClose(try some.crossEntropy(under: all), some.entropy - log1p(-all.probabilities[1])))
        #expect(try some.divergence(from: some) == 0)
        #expect(refusal { _ = try all.divergence(from: Categorical(logits: [0])) } != nil)
        #expect(refusal { _ = try all.crossEntropy(under: Categorical(logits: [0])) } != nil)
    }

    @Test func `the remainder of an exponential keeps its digits`() {
        // k3 of log p = −1 against −1.5, notes of the KL estimators.
        #expect(isClose(exponentialRemainder(-0.5, order: 1), 0.106531, absolute: 5e-7))
        forRandomCases(seed: 424) { random, number in
            let x = random.normalPair().0 * [1e-8, 1e-3, 1, 10][random.integer(below: 4)]
            let first = exponentialRemainder(x, order: 1)
            // Integration by parts of ∫ (x − t) eᵗ dt, Gauss-Legendre on enough panels, is a separate route to it.
            let nodes = [(-0.7745966692414834, 5.0 / 9), (0, 8.0 / 9), (0.7745966692414834, 5.0 / 9)]
            func integral(_ f: (Double) -> Double) -> Double {
                let panels = 400
                let width = x / Double(panels)
                return (0..<panels).reduce(0) { sum, panel in
                    sum + nodes.reduce(0) { $0 + $1.1 * f(width * (Double(panel) + 0.5 + $1.0 / 2)) } * width / 2
                }
            }
            #expect(isClose(first, integral { (x - $0) * exp($0) }, absolute: 0, relative: 1e-9), "case \(number)")
            guard x > 0 else { return }
            let second = exponentialRemainder(x, order: 2)
            let other = integral { (x - $0) * (x - $0) / 2 * exp($0) }
            #expect(isClose(second, other, absolute: 0, relative: 1e-9), "case \(number)")
        }
        #expect(exponentialRemainder(0, order: 1) == 0)
        #expect(exponentialRemainder(1_000, order: 2) == .infinity)
    }
}
