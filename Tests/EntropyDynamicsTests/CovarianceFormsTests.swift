// Lemma 1 and theorems 1 and 2 of 2505.22617 against definitions, derivatives and theorem 3.3 of 2602.03392.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct CovarianceFormsTests {
    @Test func `a covariance is the mean product less the product of means`() throws {
        try forRandomCases(seed: 401) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            let (x, y) = (randomRow(&random, count: p.vocabulary), randomRow(&random, count: p.vocabulary))
            let product = weighted(p.probabilities, zip(x, y).map(*))
            let defined = product - weighted(p.probabilities, x) * weighted(p.probabilities, y)
            #expect(isClose(try p.covariance(x, y), defined, absolute: 1e-13), "case \(number)")
            #expect(try p.covariance(x, y) == p.covariance(y, x), "case \(number)")
            let far = x.map { $0 + 1e6 }
            #expect(isClose(try p.covariance(far, y), defined, absolute: 1e-9), "case \(number)")
        }
    }

    @Test func `lemma 1 is the derivative of entropy along any displacement, at any temperature`() throws {
        try forRandomCases(seed: 402) { random, number in
            let logits = randomLogits(&random)
            let temperature = 0.4 + 2 * random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            let shift = randomRow(&random, count: logits.count)
            let logs = dualLogs(zip(logits, shift).map { Dual($0, $1) }, temperature: Dual(temperature))
            let slope = (Dual(0) - dualMean(logs, logs)).slope
            let predicted = try p.firstOrderEntropyChange(logitShift: shift)
            #expect(isClose(predicted, slope, absolute: 1e-12, relative: 1e-11), "case \(number)")
            #expect(isClose(predicted, try LogitDisplacement(p, along: shift).firstOrder(1), absolute: 1e-12))
        }
    }

    @Test func `the error of lemma 1 per unit of displacement vanishes with the displacement`() throws {
        var checked = 0
        try forRandomCases(2_000, seed: 403) { random, number in
            let logits = randomLogits(&random, spreads: [0.1, 1, 3])
            let p = try Categorical(logits: logits)
            let shift = randomRow(&random, count: logits.count)
            let slope = try p.firstOrderEntropyChange(logitShift: shift)
            func error(_ size: Double) -> Double {
                let moved = definedProbabilities(zip(logits, shift).map { $0 + size * $1 })
                return abs((definedEntropy(moved) - definedEntropy(p.probabilities)) / size - slope)
            }
            let curvature = try LogitDisplacement(p, along: shift).curvature
            #expect(isClose(error(1e-4) / 1e-4, abs(curvature), absolute: 0.02), "case \(number)")
            guard abs(curvature) > 0.2 else { return }
            checked += 1
            #expect(abs(error(1e-3) / error(1e-4) - 10) < 1, "case \(number)")
        }
        #expect(checked >= 1_000)
    }

    @Test func `theorem 1 is the covariance of log p and p A`() throws {
        try forRandomCases(seed: 404) { random, number in
            let logits = randomLogits(&random)
            let temperature = 0.4 + 2 * random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            var advantages = randomRow(&random, count: logits.count)
            let (rate, mean) = (0.3, weighted(p.probabilities, advantages))
            func law() throws -> Double {
                let product = zip(p.probabilities, advantages).map(*)
                let both = weighted(p.probabilities, zip(p.logProbabilities, product).map(*))
                let means = weighted(p.probabilities, p.logProbabilities) * weighted(p.probabilities, product)
                return -rate / (temperature * temperature) * (both - means)
            }
            let literal = try p.tabularPolicyGradientStep(advantages: advantages).firstOrder(rate)
            #expect(isClose(literal, try law(), absolute: 1e-12), "case \(number)")
            // The mean over sampled tokens differs from it by E[A] E[S] unless A is centred.
            let sampled = p.expectedPolicyGradientChange(advantages: advantages, learningRate: rate)
            let gap = rate / (temperature * temperature) * mean * p.expectedDiscriminant
            #expect(isClose(sampled - literal, gap, absolute: 1e-12), "case \(number)")
            for token in advantages.indices { advantages[token] -= mean }
            let centred = try p.tabularPolicyGradientStep(advantages: advantages)
            #expect(isClose(centred.firstOrder(rate), try law(), absolute: 1e-12), "case \(number)")
            #expect(isClose(centred.firstOrder(rate), sampled, absolute: 1e-12), "case \(number)")
            // Then it is the gradient of the expected advantage, A held fixed.
            let gradient = dualGradient(logits, temperature: temperature) { logs in
                dualMean(logs, advantages.map { Dual($0) })
            }
            #expect(zip(centred.direction, gradient).allSatisfy { isClose($0, $1, absolute: 1e-12) }, "case \(number)")
        }
    }

    @Test func `the mean of theorem 3.3 over sampled tokens is the covariance of A and S`() throws {
        try forRandomCases(seed: 405) { random, number in
            let temperature = [1, 0.7, 1.6][random.integer(below: 3)]
            let p = try Categorical(logits: randomLogits(&random), temperature: temperature)
            let advantages = randomRow(&random, count: p.vocabulary)
            let mean = p.mean { p.policyGradientStep(on: $0).firstOrder(0.2 * advantages[$0]) }
            let covariance = try p.covariance(advantages, p.discriminants)
            #expect(isClose(mean, -0.2 * covariance / (temperature * temperature), absolute: 1e-12), "case \(number)")
            let direct = p.expectedPolicyGradientChange(advantages: advantages, learningRate: 0.2)
            #expect(isClose(mean, direct, absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `theorem 2 is the covariance of log p and A at every temperature`() throws {
        try forRandomCases(seed: 406) { random, number in
            let logits = randomLogits(&random, spreads: [0.1, 1, 3])
            let temperature = 0.4 + 2 * random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            let advantages = randomRow(&random, count: logits.count)
            let step = try p.naturalPolicyGradientStep(advantages: advantages)
            let covariance = try p.covariance(p.logProbabilities, advantages)
            #expect(isClose(step.firstOrder(0.3), -0.3 * covariance, absolute: 1e-12), "case \(number)")
            // F δz = ∇E[A]: the Fisher matrix of raw logits applied to the step is the vanilla gradient.
            let meanStep = weighted(p.probabilities, step.direction)
            let mean = weighted(p.probabilities, advantages)
            for token in logits.indices {
                let fisher = p.probabilities[token] * (step.direction[token] - meanStep) / (temperature * temperature)
                let vanilla = p.probabilities[token] * (advantages[token] - mean) / temperature
                #expect(isClose(fisher, vanilla, absolute: 1e-13), "case \(number)")
            }
            // The same p from logits at another temperature moves alike, not only to first order.
            let other = try Categorical(logits: logits.map { 3 * $0 }, temperature: 3 * temperature)
            let alike = try other.naturalPolicyGradientStep(advantages: advantages)
            #expect(isClose(step.exact(0.3), alike.exact(0.3), absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `Clip-Cov scores are products of deviations and average to the covariance of the batch`() throws {
        #expect(try covarianceScores(logprobs: [-1, -2, -6], advantages: [1, 0, -1]) == [2, 0, 3])
        #expect(try covarianceScores(logprobs: [], advantages: []).isEmpty)
        try forRandomCases(seed: 407) { random, number in
            let count = 1 + random.integer(below: 60)
            let logprobs = (0..<count).map { _ in -abs(random.normalPair().0) * 3 }
            let advantages = randomRow(&random, count: count)
            let scores = try covarianceScores(logprobs: logprobs, advantages: advantages)
            let n = Double(count)
            let covariance =
                zip(logprobs, advantages).reduce(0) { $0 + $1.0 * $1.1 } / n
                - logprobs.reduce(0, +) / n * advantages.reduce(0, +) / n
            #expect(isClose(scores.reduce(0, +) / n, covariance, absolute: 1e-13), "case \(number)")
            let shifted = try covarianceScores(logprobs: logprobs.map { $0 - 4 }, advantages: advantages.map { $0 + 9 })
            #expect(zip(scores, shifted).allSatisfy { isClose($0, $1, absolute: 1e-12) }, "case \(number)")
            let reversed = try covarianceScores(logprobs: logprobs.reversed(), advantages: advantages.reversed())
            #expect(zip(scores, reversed.reversed()).allSatisfy { isClose($0, $1, absolute: 1e-13) }, "case \(number)")
        }
    }

    @Test func `tokens that cannot be sampled may carry anything`() throws {
        let p = try Categorical(logits: [1, -.infinity, 0.2])
        let q = try Categorical(logits: [1, 0.2])
        let covariance = try q.covariance([1, 2], [3, -1])
        #expect(isClose(try p.covariance([1, .nan, 2], [3, .infinity, -1]), covariance, absolute: 1e-15))
        #expect(try p.tabularPolicyGradientStep(advantages: [1, .nan, -1]).direction[1] == 0)
        #expect(try p.naturalPolicyGradientStep(advantages: [1, .nan, -1]).direction[1] == 0)
    }

    @Test func `rows that do not fit are refused in one sentence`() throws {
        let p = try Categorical(logits: [1, 0, 2])
        #expect(
            refusal { _ = try p.covariance([1, 2], [1, 2, 3]) }
                == "a row of x needs one entry per token: 2 for 3 (x)")
        #expect(
            refusal { _ = try p.tabularPolicyGradientStep(advantages: [0, .nan, 1]) }
                == "a row of advantages must be finite where a token can be sampled, got nan (advantages[1])")
        #expect(
            refusal { _ = try covarianceScores(logprobs: [-1, -2], advantages: [1]) }
                == "a covariance needs one advantage per token: 1 for 2 (advantages)")
        #expect(
            refusal { _ = try covarianceScores(logprobs: [-1, -.infinity], advantages: [1, 1]) }
                == "a covariance needs finite numbers, got -inf (logprobs[1])")
    }
}
