// Predicted against exact entropy changes: single logits, policy-gradient steps, entropy bonuses.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct EntropyChangeTests {
    @Test func `halving a bump divides the first-order error by four and the second-order error by eight`() throws {
        var checked = 0
        try forRandomCases(2_000, seed: 11) { random, number in
            let p = try Categorical(logits: randomLogits(&random, sizes: 3...20, spreads: [0.5, 1, 2]))
            let bump = p.bump(of: random.integer(below: p.vocabulary))
            let size = 1e-3
            // The next order must dominate for a ratio to be meaningful; its coefficient is estimated from the errors.
            let first = { abs(bump.exact($0) - bump.firstOrder($0)) }
            let second = { abs(bump.exact($0) - bump.secondOrder($0)) }
            let cubic = second(size) / (size * size * size)
            #expect(
                isClose(first(size) / (size * size), abs(bump.curvature), absolute: 2 * size * cubic + 1e-9),
                "case \(number)")
            guard abs(bump.curvature) > 0.01, cubic > 0.01 else { return }
            checked += 1
            #expect(abs(first(size) / first(size / 2) - 4) < 0.05 + 0.01 * cubic, "case \(number)")
            #expect(abs(second(size) / second(size / 2) - 8) < 0.5, "case \(number)")
        }
        #expect(checked >= 1_000)
    }

    @Test func `the closed form of a bump equals two entropies subtracted`() throws {
        try forRandomCases(2_000, seed: 12) { random, number in
            let logits = randomLogits(&random)
            let temperature = 0.4 + 2 * random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            let token = random.integer(below: logits.count)
            let size = random.normalPair().0 * [0.01, 1, 10][random.integer(below: 3)]
            var moved = logits
            moved[token] += size
            let brute = try Categorical(logits: moved, temperature: temperature).entropy - p.entropy
            #expect(isClose(p.bump(of: token).exact(size), brute), "case \(number)")
            var direction = [Double](repeating: 0, count: logits.count)
            direction[token] = 1
            let displacement = try LogitDisplacement(p, along: direction)
            #expect(isClose(displacement.exact(size), brute), "case \(number)")
            #expect(isClose(displacement.firstOrder(1), p.bump(of: token).firstOrder(1)), "case \(number)")
            #expect(isClose(displacement.secondOrder(1), p.bump(of: token).secondOrder(1)), "case \(number)")
        }
    }

    @Test func `a bump keeps its digits when tiny and does not overflow when huge`() throws {
        let p = try Categorical(logits: [2, 1, 0, -1])
        let bump = p.bump(of: 1)
        #expect(isClose(bump.exact(1e-12) / 1e-12, -p.discriminant(of: 1), absolute: 1e-11))
        for huge in [31.0, 800, 1e5] {
            #expect(isClose(bump.exact(huge), -p.entropy, absolute: 1e-10))
            let certain = try Categorical(logits: [2, -.infinity, 0, -1]).entropy - p.entropy
            #expect(isClose(bump.exact(-huge), certain, absolute: 1e-10))
        }
    }

    @Test func `a bump shifts probability to one token and takes the same share from every other`() throws {
        try forRandomCases(seed: 13) { random, number in
            let p = try Categorical(logits: randomLogits(&random, spreads: [0.5, 1, 2]))
            let token = random.integer(below: p.vocabulary)
            let shift = p.probabilityShift(bumping: token, by: 0.3)
            #expect(abs(shift.reduce(0, +)) <= 1e-15, "case \(number)")
            for other in 0..<p.vocabulary where other != token {
                let share = shift[other] / p.probabilities[other]
                #expect(isClose(share, -0.3 * p.probabilities[token], absolute: 1e-15), "case \(number)")
            }
        }
    }

    @Test func `a policy-gradient step moves logits by the derivative of the surrogate`() throws {
        try forRandomCases(seed: 14) { random, number in
            let logits = randomLogits(&random, sizes: 2...12)
            let p = try Categorical(logits: logits)
            let token = random.integer(below: logits.count)
            let (advantage, old) = (random.normalPair().0, p.logProbabilities[token] + 0.2 * random.normalPair().0)
            let ratio = exp(p.logProbabilities[token] - old)
            let row = p.policyGradientStep(on: token).direction
            for index in logits.indices {
                let logprob = DualStatistics(logits, temperature: 1, token: token, moving: index).logprob
                let surrogate = Dual.exp(logprob - Dual(old)) * Dual(advantage)
                #expect(
                    isClose(surrogate.slope, ratio * advantage * row[index], absolute: 1e-13, relative: 1e-12),
                    "case \(number)")
            }
        }
    }

    @Test func `the error of a policy-gradient prediction is of second, then third order`() throws {
        try forRandomCases(seed: 15) { random, number in
            let temperature = [1, 1, 0.7, 1.6][random.integer(below: 4)]
            let logits = randomLogits(&random, sizes: 2...20, spreads: [0.5, 1, 3])
            let p = try Categorical(logits: logits, temperature: temperature)
            let token = drawToken(&random, from: p)
            let step = p.policyGradientStep(on: token)
            let centred = p.centredDiscriminant(of: token)
            #expect(isClose(step.firstOrder(1), -centred / (temperature * temperature), absolute: 1e-12))
            let alpha = 1e-3
            // |v| ≤ 1/T and |log p| terms bound the third-order coefficient of these moderate rows.
            let third = 40 / pow(temperature, 6)
            #expect(abs(step.exact(alpha) - step.secondOrder(alpha)) <= third * alpha * alpha * alpha, "case \(number)")
            let moved = try Categorical(
                logits: zip(logits, step.direction).map { $0 + alpha * $1 }, temperature: temperature)
            #expect(isClose(step.exact(alpha), moved.entropy - p.entropy), "case \(number)")
        }
    }

    @Test func `the ratio restores the zero mean under another sampler and nothing else does`() throws {
        var biased = 0
        try forRandomCases(seed: 16) { random, number in
            let size = 2 + random.integer(below: 20)
            let p = try Categorical(logits: (0..<size).map { _ in random.normalPair().0 })
            let q = try Categorical(logits: (0..<size).map { _ in random.normalPair().0 })
            let weighted = q.mean { token in
                exp(p.logProbabilities[token] - q.logProbabilities[token]) * p.centredDiscriminant(of: token)
            }
            #expect(abs(weighted) <= 1e-13, "case \(number)")
            if abs(q.mean { p.centredDiscriminant(of: $0) }) > 1e-6 { biased += 1 }
        }
        #expect(biased > 990)
    }

    @Test func `the expected change is a covariance of advantages with S`() throws {
        try forRandomCases(seed: 17) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            var advantages = (0..<p.vocabulary).map { _ in random.normalPair().0 }
            let mean = p.mean { advantages[$0] }
            let covariance =
                p.mean { (advantages[$0] - mean) * p.discriminant(of: $0) }
                - p.mean { advantages[$0] - mean } * p.expectedDiscriminant
            let rate = 0.37
            let predicted = p.expectedPolicyGradientChange(advantages: advantages, learningRate: rate)
            #expect(isClose(predicted, -rate * covariance, absolute: 1e-13), "case \(number)")
            for token in advantages.indices { advantages[token] -= mean }
            // Cov_p(log p, p A) with Σ p A = 0.
            let product = p.mean { p.probabilities[$0] * advantages[$0] }
            let law = p.mean {
                (p.logProbabilities[$0] + p.entropy) * (p.probabilities[$0] * advantages[$0] - product)
            }
            let centred = p.expectedPolicyGradientChange(advantages: advantages, learningRate: rate)
            #expect(isClose(centred, -rate * law, absolute: 1e-12), "case \(number)")
            #expect(isClose(centred, predicted, absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `an entropy bonus raises entropy by the sum of squares`() throws {
        try forRandomCases(seed: 18) { random, number in
            let p = try Categorical(logits: randomLogits(&random, spreads: [0.5, 1, 3]))
            let bonus = p.entropyBonusStep()
            #expect(isClose(bonus.firstOrder(1), p.squaredDiscriminant, absolute: 1e-14, relative: 1e-12))
            let beta = 1e-3
            #expect(bonus.exact(beta) > 0, "case \(number)")
            #expect(abs(bonus.exact(beta) - beta * p.squaredDiscriminant) <= 10 * beta * beta, "case \(number)")
        }
    }

    @Test func `the prediction from two derivatives is the change along the loss gradient`() throws {
        try forRandomCases(seed: 19) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            let token = random.integer(below: p.vocabulary)
            let (g1, g2) = random.normalPair()
            let descent = p.lossGradient(g1: g1, g2: g2, of: token).map { -$0 }
            let along = try LogitDisplacement(p, along: descent).firstOrder(1)
            let predicted = predictedEntropyChange(
                g1: g1, g2: g2, discriminant: p.discriminant(of: token),
                expectedDiscriminant: p.expectedDiscriminant, squaredDiscriminant: p.squaredDiscriminant)
            #expect(isClose(along, predicted, absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `on-policy samples have mean deviation zero within four standard errors`() throws {
        var random = RandomSource(seed: 20, purpose: .testing)
        var deviations: [Double] = []
        for _ in 0..<20_000 {
            let p = try Categorical(logits: randomLogits(&random, sizes: 2...32, spreads: [1, 2, 4]))
            deviations.append(p.centredDiscriminant(of: drawToken(&random, from: p)))
        }
        let count = Double(deviations.count)
        let mean = deviations.reduce(0, +) / count
        let spread = (deviations.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        #expect(abs(mean) <= 4 * spread / count.squareRoot())
        #expect(spread > 0.05)
    }
}
