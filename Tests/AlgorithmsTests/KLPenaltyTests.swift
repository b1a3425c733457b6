// Divergence from a reference: values, expected gradients in a loss, and the price in the reward.

import Algorithms
import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct KLPenaltyTests {
    @Test func `known log ratios give known estimates, and derivatives are those of the values`() {
        #expect(KLEstimator.k1.value(0.5) == 0.5 && KLEstimator.k2.value(0.5) == 0.125)
        #expect(isClose(KLEstimator.k3.value(0.5), 0.106531, absolute: 1e-6) && KLEstimator.abs.value(-0.5) == 0.5)
        forRandomCases(seed: 1) { random, number in
            let x = 3 * random.normalPair().0
            for estimator in KLEstimator.allCases where Swift.abs(x) > 1e-3 {
                let numeric = (estimator.value(x + 1e-5) - estimator.value(x - 1e-5)) / 2e-5
                #expect(isClose(estimator.derivative(x), numeric, absolute: 1e-7, relative: 1e-6), "case \(number)")
            }
        }
        #expect(KLEstimator.abs.derivative(0) == 0 && KLEstimator.k3.value(-1e3).isFinite)
    }

    /// Σ_k p_k f(x_k) (e_k − p): what descent on a mean over the policy's own tokens sees, f the derivative of what
    /// stands in the loss, or the value of what is taken from the reward.
    private func expectedGradient(_ p: Categorical, _ q: Categorical, _ f: (Double) -> Double) -> [Double] {
        var gradient = [Double](repeating: 0, count: p.vocabulary)
        for token in 0..<p.vocabulary {
            let push = p.probabilities[token] * f(p.logProbabilities[token] - q.logProbabilities[token])
            for index in gradient.indices {
                gradient[index] += push * ((index == token ? 1 : 0) - p.probabilities[index])
            }
        }
        return gradient
    }

    @Test
    func `in a loss k1 pulls nowhere, k2 to the reference, k3 along the reverse; in the reward k1 alone is right`()
        throws
    {
        try forRandomCases(300, seed: 2) { random, number in
            let count = 2 + random.integer(below: 8)
            let logits = (0..<count).map { _ in random.normalPair().0 }
            let p = try Categorical(logits: logits)
            let q = try Categorical(logits: logits.map { $0 + random.normalPair().0 })
            func inLoss(_ estimator: KLEstimator) -> [Double] { expectedGradient(p, q, estimator.derivative) }
            func inReward(_ estimator: KLEstimator) -> [Double] { expectedGradient(p, q, estimator.value) }
            #expect(inLoss(.k1).allSatisfy { Swift.abs($0) < 1e-14 }, "case \(number)")
            let (k2, k3) = (inLoss(.k2), inLoss(.k3))
            let (rewardK1, rewardK3) = (inReward(.k1), inReward(.k3))
            for index in logits.indices {
                var (up, down) = (logits, logits)
                up[index] += 1e-5
                down[index] -= 1e-5
                let (above, below) = (try Categorical(logits: up), try Categorical(logits: down))
                let forward = (try above.divergence(from: q) - below.divergence(from: q)) / 2e-5
                let reverse = (try q.divergence(from: above) - q.divergence(from: below)) / 2e-5
                #expect(isClose(k2[index], forward, absolute: 1e-8, relative: 1e-6), "case \(number)")
                #expect(isClose(k3[index], reverse, absolute: 1e-8, relative: 1e-6), "case \(number)")
                #expect(isClose(rewardK1[index], forward, absolute: 1e-8, relative: 1e-6), "case \(number)")
                #expect(isClose(rewardK3[index], forward - reverse, absolute: 1e-8, relative: 1e-6), "case \(number)")
            }
        }
    }

    @Test func `in the loss the price is beta times the estimate, in g1 beta times its derivative`() throws {
        let table = try BatchMaker(referenceSpread: 0.4).make(seed: 3).table
        let reference = try #require(table.referenceLogprob)
        let plain = try algorithm("name: grpo").coefficients(for: table)
        for estimator in [KLEstimator.k2, .k3, .abs] {
            let priced = try algorithm("name: grpo, kl_coefficient: 0.3, kl_estimator: \(estimator.rawValue)")
            try priced.check(table)
            let found = priced.coefficients(for: table)
            var loss = 0.0
            for token in 0..<table.count {
                let x = Double(table.policyLogprob[token]) - Double(reference[token])
                loss += 0.3 * estimator.value(x) / Double(table.count)
                let added = Double(found.g1[token]) - Double(plain.g1[token])
                let wanted = 0.3 * estimator.derivative(x) / Double(table.count)
                #expect(isClose(added, wanted, absolute: 1e-8, relative: 1e-4))
            }
            #expect(isClose(found.loss - plain.loss, loss, absolute: 1e-9))
        }
    }

    @Test func `in the reward the price is the completion's sum, and the advantages follow`() throws {
        let priced = try algorithm("name: grpo, normalise_std: false, kl_coefficient: 0.1, kl_in: reward")
        #expect(priced.regularisers.isEmpty && priced.reads.contains(.reference))
        let group = [
            Outcome(reward: 1, sampledLogprob: [-1, -2], referenceLogprob: [-1.5, -1]),
            Outcome(reward: 0, sampledLogprob: [-1], referenceLogprob: [-3]),
        ]
        // rewards 1 − 0.1 · (0.5 − 1) = 1.05 and 0 − 0.1 · 2 = −0.2
        let advantages = try priced.advantages(of: [group])[0]
        #expect(isClose(advantages[0], 0.625, absolute: 1e-7) && isClose(advantages[1], -0.625, absolute: 1e-7))
        #expect(throws: AlgorithmError.self) { try priced.advantages(of: [[Outcome(reward: 1)]]) }
    }

    @Test func `a table without a reference is refused, and so are settings that do nothing`() throws {
        let priced = try algorithm("name: grpo, kl_coefficient: 0.1")
        let table = try BatchMaker().make(seed: 4).table
        let error = #expect(throws: AlgorithmError.self) { try priced.check(table) }
        #expect(error?.place == "referenceLogprob")
        #expect(
            refusal("name: grpo, kl_coefficient: 0.1, kl_estimator: k1")
                == "algorithm.kl_estimator must not be k1 where kl_in is loss, because its expected gradient is 0; "
                + "use k2 or k3, or set kl_in: reward (test.yaml:1)")
        #expect(refusal("name: grpo, kl_estimator: k2")?.contains("no effect where kl_coefficient is 0") == true)
        #expect(try !algorithm("name: grpo, kl_coefficient: 0").reads.contains(.reference))
    }
}
