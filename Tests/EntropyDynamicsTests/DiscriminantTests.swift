// The entropy discriminator: identities, signs, bounds and limits.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct DiscriminantTests {
    @Test func `S sums to zero and its deviation has mean zero under the policy`() throws {
        try forRandomCases(seed: 1) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            #expect(abs(p.discriminants.reduce(0, +)) <= 1e-12, "case \(number)")
            #expect(abs(p.mean { p.centredDiscriminant(of: $0) }) <= 1e-12, "case \(number)")
        }
    }

    @Test func `two forms of the expected discriminator agree and it is never negative`() throws {
        try forRandomCases(seed: 2) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            let other =
                p.entropy * p.collision
                + zip(p.probabilities, p.logProbabilities).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
            #expect(isClose(p.expectedDiscriminant, other, absolute: 1e-14, relative: 1e-12), "case \(number)")
            #expect(p.expectedDiscriminant >= -1e-14, "case \(number)")
        }
    }

    @Test func `entropy falls along S at one over the temperature`() throws {
        try forRandomCases(seed: 3) { random, number in
            let logits = randomLogits(&random, sizes: 2...12)
            let temperature = 0.3 + 2 * random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            for index in logits.indices {
                let slope = DualStatistics(logits, temperature: temperature, token: 0, moving: index).entropy.slope
                #expect(isClose(slope, -p.discriminant(of: index) / temperature, absolute: 1e-10), "case \(number)")
            }
        }
    }

    @Test func `a constant added to every logit changes nothing and a permutation permutes S`() throws {
        try forRandomCases(seed: 4) { random, number in
            let logits = randomLogits(&random)
            let p = try Categorical(logits: logits)
            let shift = random.normalPair().0 * 20
            let q = try Categorical(logits: logits.map { $0 + shift })
            #expect(isClose(p.entropy, q.entropy, absolute: 1e-12), "case \(number)")
            #expect(isClose(p.expectedDiscriminant, q.expectedDiscriminant, absolute: 1e-12), "case \(number)")
            #expect(zip(p.discriminants, q.discriminants).allSatisfy { isClose($0, $1, absolute: 1e-12) })
            let order = logits.indices.shuffled(using: &random)
            let permuted = try Categorical(logits: order.map { logits[$0] })
            for (new, old) in order.enumerated() {
                #expect(isClose(permuted.discriminant(of: new), p.discriminant(of: old)), "case \(number)")
            }
        }
    }

    @Test func `a uniform distribution has no discriminator`() throws {
        for size in [1, 2, 7, 1_000, 50_000] {
            let p = try Categorical(logits: [Double](repeating: 3.5, count: size))
            #expect(p.discriminants.allSatisfy { abs($0) <= 1e-14 })
            #expect(abs(p.expectedDiscriminant) <= 1e-14)
            #expect(isClose(p.entropy, log(Double(size))))
        }
    }

    @Test(arguments: [40.0, 100, 800, 1e6]) func `near one-hot everything is finite and vanishes`(gap: Double) throws {
        let p = try Categorical(logits: [gap, 0, -1, 0.5])
        #expect(p.discriminants.allSatisfy { $0.isFinite && abs($0) < 1e-14 })
        #expect(p.expectedDiscriminant.isFinite && abs(p.expectedDiscriminant) < 1e-14)
        #expect(p.entropy >= 0 && p.entropy < 1e-14)
        #expect(p.varianceDiscriminant.isFinite && p.varentropy.isFinite)
        #expect(p.gradientOfVarianceDiscriminant().allSatisfy { $0.isFinite })
        // H of a nearly certain token keeps its digits: Σ p (1 + u) over the three others.
        if gap == 40 {
            let tail = [0.0, -1, 0.5].map { exp($0 - gap) * (1 + gap - $0) }.reduce(0, +)
            #expect(isClose(p.entropy, tail, absolute: 0, relative: 1e-14))
        }
    }

    @Test func `the sign of S is the side of the critical probability`() throws {
        try forRandomCases(seed: 5) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            for token in 0..<p.vocabulary where abs(p.probabilities[token] - p.criticalProbability) >= 1e-12 {
                #expect(
                    (p.discriminant(of: token) > 0) == (p.probabilities[token] > p.criticalProbability),
                    "case \(number)")
            }
        }
    }

    @Test func `S stays within its bounds`() throws {
        try forRandomCases(4_000, seed: 6) { random, number in
            let p = try Categorical(logits: randomLogits(&random, sizes: 2...100))
            let lower = DiscriminantBounds.lower(entropy: p.entropy)
            #expect(lower >= -exp(-1))
            for token in 0..<p.vocabulary {
                let upper = DiscriminantBounds.upper(logprob: p.logProbabilities[token], vocabulary: p.vocabulary)
                let s = p.discriminant(of: token)
                #expect(s >= lower - 1e-15 && s <= upper + 1e-14, "case \(number): \(lower) ... \(s) ... \(upper)")
            }
        }
    }

    @Test func `both bounds are reached`() throws {
        let p = try Categorical(logits: [1.3] + [Double](repeating: 0, count: 999))
        #expect(
            isClose(p.discriminant(of: 0), DiscriminantBounds.upper(logprob: p.logProbabilities[0], vocabulary: 1_000)))
        let lowest = discriminant(logprob: -(1 + 2.5), entropy: 2.5)
        #expect(isClose(lowest, DiscriminantBounds.lower(entropy: 2.5), absolute: 1e-16))
        #expect(abs(DiscriminantBounds.maximum(vocabulary: 151_936).discriminant - 3.0036) < 5e-5)
        #expect(abs(DiscriminantBounds.maximum(vocabulary: 152_064).discriminant - 3.0038) < 5e-5)
        #expect(abs(DiscriminantBounds.maximum(vocabulary: 151_936).probability - 0.541) < 5e-4)
    }

    @Test func `a token at the break-even probability has S equal to the mean`() throws {
        try forRandomCases(seed: 7) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            let even = p.breakEvenProbability
            #expect(even >= p.criticalProbability * (1 - 1e-14), "case \(number)")
            let s = discriminant(logprob: log(even), entropy: p.entropy)
            #expect(isClose(s, p.expectedDiscriminant, absolute: 1e-13, relative: 1e-12), "case \(number)")
        }
    }

    @Test func `the Lambert function inverts w exp w`() {
        forRandomCases(seed: 8) { random, number in
            let w = -1 + exp(random.normalPair().0 * 2)
            let x = w * exp(w)
            guard x.isFinite else { return }
            // Near the branch point the inverse is badly conditioned, so the residual is what is checked.
            let found = lambertW0(x)
            #expect(isClose(found * exp(found), x, absolute: 1e-15, relative: 1e-14), "case \(number): \(x)")
        }
        #expect(lambertW0(0) == 0)
        #expect(lambertW0(-exp(-1)) == -1)
        #expect(lambertW0(-0.5).isNaN)
        #expect(isClose(lambertW0(1), 0.5671432904097838, absolute: 1e-16))
        #expect(lambertW0(.infinity) == .infinity)
    }

    @Test func `tokens that cannot be sampled count for nothing`() throws {
        let p = try Categorical(logits: [1, -.infinity, 0.2, -.infinity])
        let q = try Categorical(logits: [1, 0.2])
        #expect(p.probabilities[1] == 0 && p.discriminant(of: 1) == 0)
        #expect(p.entropy == q.entropy)
        #expect(p.expectedDiscriminant == q.expectedDiscriminant)
        #expect(p.varentropy == q.varentropy)
        #expect(p.gradientOfEntropy()[1] == 0)
    }

    @Test func `rows that describe no distribution are refused in one sentence`() {
        func sentence(_ body: () throws -> Void) -> String? {
            do { try body() } catch { return "\(error)" }
            return nil
        }
        #expect(
            sentence { _ = try Categorical(logits: []) }
                == "a softmax needs at least one finite logit among its 0 (logits)")
        #expect(
            sentence { _ = try Categorical(logits: [-.infinity, -.infinity]) }
                == "a softmax needs at least one finite logit among its 2 (logits)")
        #expect(
            sentence { _ = try Categorical(logits: [0, .nan]) }
                == "a softmax needs logits that are finite or -inf, got nan (logits[1])")
        #expect(
            sentence { _ = try Categorical(logits: [0, 1], temperature: 0) }
                == "a softmax needs a positive finite temperature, got 0.0 (temperature)")
        #expect(
            sentence { _ = try LogitDisplacement(Categorical(logits: [0, 1]), along: [1]) }
                == "a displacement needs one entry per logit: 1 for 2 (direction)")
    }
}
