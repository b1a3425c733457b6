// Bounds of entropy, of E[S] and of the entropy gradient: that they hold, and that they are reached.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct EntropyBoundsTests {
    @Test func `entropy lies between the entropies of the top token, of two draws, and of the support`() throws {
        try forRandomCases(4_000, seed: 451) { random, number in
            let p = try Categorical(logits: randomLogits(&random, sizes: 1...80))
            #expect(isClose(p.minEntropy, -log(p.probabilities.max() ?? 0), absolute: 1e-13), "case \(number)")
            #expect(isClose(p.collisionEntropy, -log(p.collision), absolute: 1e-13), "case \(number)")
            #expect(p.minEntropy >= 0 && p.minEntropy <= p.collisionEntropy + 1e-14, "case \(number)")
            #expect(p.collisionEntropy <= 2 * p.minEntropy + 1e-14, "case \(number)")
            #expect(p.collisionEntropy <= p.entropy + 1e-14, "case \(number)")
            #expect(p.entropy <= log(Double(p.supportSize)) + 1e-13, "case \(number)")
        }
        let even = try Categorical(logits: [2, 2, -.infinity, 2])
        for value in [even.minEntropy, even.collisionEntropy, even.entropy] { #expect(isClose(value, log(3.0))) }
    }

    @Test func `on a nearly certain step the entropy of two draws keeps its digits`() throws {
        for gap in [30.0, 45, 200] {
            let p = try Categorical(logits: [gap, 0, 0])
            // 1 − Σp² = 2 · 2e^−gap to leading order.
            #expect(isClose(p.collisionEntropy, 4 * exp(-gap), absolute: 0, relative: 1e-12))
            #expect(isClose(p.minEntropy, 2 * exp(-gap), absolute: 0, relative: 1e-12))
        }
    }

    @Test func `the mean of S is between zero, its bound and the largest S`() throws {
        var tightest = 0.0
        try forRandomCases(4_000, seed: 452) { random, number in
            let p = try Categorical(logits: randomLogits(&random, sizes: 2...80))
            let (mean, bound) = (p.expectedDiscriminant, p.expectedDiscriminantBound)
            #expect(mean >= -1e-14 && mean <= bound + 1e-14, "case \(number): \(mean) against \(bound)")
            let top = p.discriminants.max() ?? 0
            #expect(bound <= top + 1e-14, "case \(number)")
            let widest = DiscriminantBounds.maximum(vocabulary: p.vocabulary).discriminant
            #expect(top <= widest + 1e-12, "case \(number)")
            if bound > 1e-3 { tightest = max(tightest, mean / bound) }
        }
        #expect(tightest > 0.95)
    }

    @Test func `the gradient of entropy is no longer than its bound, and its absolute sum at most twice H`() throws {
        var (longest, widest) = (0.0, 0.0)
        try forRandomCases(4_000, seed: 453) { random, number in
            let logits = randomLogits(&random, sizes: 2...12)
            let temperature = 0.4 + random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            let gradient = dualGradient(logits, temperature: temperature) { logs in Dual(0) - dualMean(logs, logs) }
            let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(isClose(p.entropyGradientNorm, norm, absolute: 1e-12), "case \(number)")
            #expect(norm <= p.entropyGradientNormBound + 1e-13, "case \(number)")
            let sum = gradient.reduce(0) { $0 + abs($1) }
            #expect(isClose(p.absoluteDiscriminant, sum * temperature, absolute: 1e-12), "case \(number)")
            #expect(p.absoluteDiscriminant <= 2 * p.entropy + 1e-13, "case \(number)")
            #expect(p.absoluteDiscriminant <= p.varentropy.squareRoot() + 1e-12, "case \(number)")
            if norm > 1e-3 {
                longest = max(longest, norm / p.entropyGradientNormBound)
                widest = max(widest, p.absoluteDiscriminant / (2 * p.entropy))
            }
        }
        #expect(longest > 0.9 && widest > 0.9)
    }

    @Test func `entropy and the probability of the top token confine each other`() throws {
        try forRandomCases(4_000, seed: 454) { random, number in
            let p = try Categorical(logits: randomLogits(&random, sizes: 1...60))
            let top = p.probabilities.max() ?? 0
            let most = try EntropyBounds.maximumEntropy(probability: top, vocabulary: p.vocabulary)
            let least = try EntropyBounds.minimumEntropy(topProbability: top)
            #expect(p.entropy <= most + 1e-12 && p.entropy >= least - 1e-12, "case \(number)")
            let range = try EntropyBounds.topProbability(entropy: p.entropy, vocabulary: p.vocabulary)
            // Near log V the upper end is known to the square root of rounding only.
            let slack = log(Double(p.vocabulary)) - p.entropy < 1e-3 ? 1e-6 : 1e-11
            #expect(top >= range.lowerBound * (1 - 1e-13), "case \(number)")
            #expect(top <= range.upperBound * (1 + slack), "case \(number): \(top) outside \(range)")
            // Any token, not only the top one, bounds entropy from above.
            let token = random.integer(below: p.vocabulary)
            let any = try EntropyBounds.maximumEntropy(
                probability: p.probabilities[token], vocabulary: p.vocabulary)
            #expect(p.entropy <= any + 1e-12, "case \(number)")
        }
    }

    @Test func `each bound of the top probability is reached`() throws {
        try forRandomCases(seed: 455) { random, number in
            let others = 1 + random.integer(below: 40)
            let gap = 0.05 + 6 * random.uniform()
            let fano = try Categorical(logits: [gap] + [Double](repeating: 0, count: others))
            let range = try EntropyBounds.topProbability(entropy: fano.entropy, vocabulary: others + 1)
            #expect(isClose(range.upperBound, fano.probabilities[0], absolute: 0, relative: 1e-9), "case \(number)")
            let even = try Categorical(logits: [Double](repeating: 0, count: others))
            let lower = try EntropyBounds.topProbability(entropy: even.entropy, vocabulary: others + 3).lowerBound
            #expect(isClose(lower, 1 / Double(others), absolute: 1e-14), "case \(number)")
            // n tokens of probability m and one with the rest.
            let top = 1 / (Double(others) + random.uniform())
            let rest = max(0, 1 - Double(others) * top)
            let corner = definedEntropy([Double](repeating: top, count: others) + [rest])
            #expect(isClose(try EntropyBounds.minimumEntropy(topProbability: top), corner), "case \(number)")
        }
        #expect(try EntropyBounds.topProbability(entropy: 0, vocabulary: 9) == 1...1)
        #expect(try EntropyBounds.topProbability(entropy: 0, vocabulary: 1) == 1...1)
        #expect(try EntropyBounds.topProbability(entropy: log(8.0), vocabulary: 8).upperBound == exp(-log(8.0)))
    }

    @Test func `what no distribution has is refused in one sentence`() {
        #expect(
            refusal { _ = try EntropyBounds.topProbability(entropy: -1, vocabulary: 1) }
                == "the entropy of 1 tokens is between 0 and 0.0 nats, got -1.0 (entropy)")
        #expect(
            refusal { _ = try EntropyBounds.maximumEntropy(probability: 1.5, vocabulary: 3) }
                == "no token of 3 has probability 1.5 (probability)")
        #expect(
            refusal { _ = try EntropyBounds.minimumEntropy(topProbability: 0) }
                == "no most likely token has probability 0.0 (topProbability)")
        for (entropy, size) in [(3.0, 8), (0, 0), (.nan, 8)] {
            #expect(refusal { _ = try EntropyBounds.topProbability(entropy: entropy, vocabulary: size) } != nil)
        }
        #expect(refusal { _ = try EntropyBounds.maximumEntropy(probability: 0.5, vocabulary: 1) } != nil)
    }
}
