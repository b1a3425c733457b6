// Properties of the theory that need many draws or a constructed case: bounds, limits, the break-even token, batches.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct DynamicsPropertiesTests {
    @Test func `two hundred thousand random distributions keep S within its bounds`() throws {
        var violations = 0
        for block in 0..<20 {
            var random = RandomSource(seed: 491, purpose: .testing, step: block)
            for _ in 0..<10_000 {
                let p = try Categorical(logits: randomLogits(&random, sizes: 2...32, spreads: [0.1, 1, 2, 4, 8]))
                let token = random.integer(below: p.vocabulary)
                let s = p.discriminant(of: token)
                let lower = DiscriminantBounds.lower(entropy: p.entropy)
                let upper = DiscriminantBounds.upper(logprob: p.logProbabilities[token], vocabulary: p.vocabulary)
                if !(s >= lower - 1e-15 && s <= upper + 1e-15 && lower >= -exp(-1)) { violations += 1 }
                if !(p.expectedDiscriminant >= -1e-14) { violations += 1 }
            }
        }
        #expect(violations == 0)
    }

    @Test func `equal logits have no S and nearly certain ones lose it`() throws {
        try forRandomCases(seed: 492) { random, number in
            let size = 1 + random.integer(below: 2_000)
            let temperature = 0.2 + 3 * random.uniform()
            let level = random.normalPair().0 * 100
            let even = try Categorical(logits: [Double](repeating: level, count: size), temperature: temperature)
            #expect(even.discriminants.allSatisfy { abs($0) <= 1e-14 }, "case \(number)")
            #expect(abs(even.expectedDiscriminant) <= 1e-14, "case \(number)")
            let top = random.integer(below: size)
            let gap = temperature * (40 + 1_000 * random.uniform())
            let certain = try Categorical(
                logits: (0..<size).map { $0 == top ? level + gap : level + random.uniform() },
                temperature: temperature)
            #expect(certain.discriminants.allSatisfy { $0.isFinite && abs($0) < 1e-11 }, "case \(number)")
            #expect(abs(certain.expectedDiscriminant) < 1e-11, "case \(number)")
            let gradients = [certain.gradientOfEntropy(), certain.gradientOfVarianceDiscriminant()]
            #expect(gradients.allSatisfy { $0.allSatisfy { $0.isFinite } }, "case \(number)")
        }
    }

    @Test func `the shift of lemma 3-1 is the derivative of every probability`() throws {
        try forRandomCases(seed: 493) { random, number in
            let logits = randomLogits(&random, sizes: 2...20)
            let temperature = [1, 0.7, 1.6][random.integer(below: 3)]
            let p = try Categorical(logits: logits, temperature: temperature)
            let token = random.integer(below: logits.count)
            let bumped = logits.enumerated().map { Dual($1, $0 == token ? 1 : 0) }
            let slopes = dualLogs(bumped, temperature: Dual(temperature)).map { Dual.exp($0).slope }
            let shift = p.probabilityShift(bumping: token, by: 1)
            #expect(zip(shift, slopes).allSatisfy { isClose($0, $1) }, "case \(number)")
        }
    }

    @Test func `a token placed at the break-even probability leaves entropy as it is to first order`() throws {
        var checked = 0
        try forRandomCases(3_000, seed: 494) { random, number in
            var logits = randomLogits(&random, sizes: 3...20, spreads: [0.3, 1, 2])
            // Raise one logit until its S equals the mean; S > 0 there rules out the root where all S are 0.
            func deviation(_ logit: Double) throws -> Double {
                logits[0] = logit
                return try Categorical(logits: logits).centredDiscriminant(of: 0)
            }
            let others = logits.dropFirst()
            var (low, high) = (others.min() ?? 0, (others.max() ?? 0) + 3)
            guard try deviation(low) < -1e-6, try deviation(high) > 1e-6 else { return }
            for _ in 0..<80 {
                let middle = 0.5 * (low + high)
                if try deviation(middle) < 0 { low = middle } else { high = middle }
            }
            logits[0] = low
            let p = try Categorical(logits: logits)
            guard p.expectedDiscriminant > 1e-4 else { return }
            checked += 1
            #expect(isClose(p.probabilities[0], p.breakEvenProbability, absolute: 1e-11), "case \(number)")
            #expect(p.probabilities[0] > p.criticalProbability, "case \(number)")
            let step = p.policyGradientStep(on: 0)
            #expect(abs(step.firstOrder(1)) < 1e-12, "case \(number)")
            #expect(abs(step.exact(1e-4)) <= step.firstOrderErrorBound(1e-4) + 1e-15, "case \(number)")
        }
        #expect(checked >= 1_000)
    }

    @Test func `the mean deviation of an on-policy batch is as normal as its standard error says`() throws {
        var (beyondTwo, beyondFour) = (0, 0)
        try forRandomCases(seed: 495) { random, _ in
            let steps = try (0..<8).map { _ in
                try Categorical(logits: randomLogits(&random, sizes: 2...32, spreads: [1, 2, 4]))
            }
            let deviations = steps.map { p in p.probabilities.indices.map { p.centredDiscriminant(of: $0) } }
            var (sum, square) = (0.0, 0.0)
            for draw in 0..<1_024 {
                let value = deviations[draw % 8][drawToken(&random, from: steps[draw % 8])]
                sum += value
                square += value * value
            }
            let mean = sum / 1_024
            let error = ((square / 1_024 - mean * mean) / 1_024).squareRoot()
            if abs(mean) > 2 * error { beyondTwo += 1 }
            if abs(mean) > 4 * error { beyondFour += 1 }
        }
        #expect(beyondFour == 0)
        // A normal variable is beyond two standard deviations 4.55% of the time.
        #expect((25...70).contains(beyondTwo), "\(beyondTwo) of 1,000")
    }

    @Test func `one pass in Float32 over a whole vocabulary keeps H and the mean of S to 1e-4`() throws {
        let size = 151_936
        var random = RandomSource(seed: 496, purpose: .testing)
        let noise = (0..<(size + 1_000)).map { _ in Float(random.normalPair().0) }
        var worst = (entropy: 0.0, plain: 0.0, expected: 0.0)
        for number in 0..<1_000 {
            let spread = Float(exp(-1 + 3.3 * random.uniform()))
            var logits = noise[number..<(number + size)].map { $0 * spread + 20 }
            // Every third row is nearly certain, down to an H of 1e-24.
            if number % 3 == 0 { logits[random.integer(below: size)] += 12 * Float(random.uniform()) * spread }
            let found = onePass(logits)
            let p = try Categorical(logits: logits.map { Double($0) })
            let reference = p.expectedDiscriminant
            worst.entropy = max(worst.entropy, abs(Double(found.entropy) / p.entropy - 1))
            worst.plain = max(worst.plain, abs(Double(found.plain) / p.entropy - 1))
            worst.expected = max(worst.expected, abs(Double(found.expected) / reference - 1))
        }
        #expect(worst.entropy <= 1e-4 && worst.expected <= 1e-4, "\(worst)")
        // Why the top token is counted apart: log Σe − E_p[y] subtracts two numbers far larger than a small H.
        #expect(worst.plain > 1e-2, "\(worst)")
    }

    /// Sums over y = z − max in tiles of 1,024, all in Float32, the top token (e = 1, y = 0) left out of them:
    /// H = log(1 + Σe) − E_p[y], E_p[S] = (Σ e²y − E_p[y] (1 + Σe²))/(1 + Σe)²; `plain` is H with the top in the sum.
    private func onePass(_ logits: [Float]) -> (entropy: Float, plain: Float, expected: Float) {
        let top = logits.indices.max { logits[$0] < logits[$1] } ?? 0
        var (tail, first, square, cross) = (Float(0), Float(0), Float(0), Float(0))
        for start in stride(from: 0, to: logits.count, by: 1_024) {
            var tile = (Float(0), Float(0), Float(0), Float(0))
            for index in start..<min(start + 1_024, logits.count) where index != top {
                let y = logits[index] - logits[top]
                let e = exp(y)
                tile.0 += e
                tile.1 += e * y
                tile.2 += e * e
                tile.3 += e * e * y
            }
            tail += tile.0
            first += tile.1
            square += tile.2
            cross += tile.3
        }
        let total = 1 + tail
        let mean = first / total
        return (log1p(tail) - mean, log(total) - mean, (cross - mean * (1 + square)) / (total * total))
    }
}
