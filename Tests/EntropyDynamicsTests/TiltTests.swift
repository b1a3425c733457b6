// The exponential tilt: closed forms, optimality, derivatives, and the tilt that meets a target.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct TiltTests {
    struct Case {
        var base: Categorical
        var rewards: [Double]
        var temperature: Double
        var tilt: ExponentialTilt
    }

    func randomCase(_ random: inout RandomSource, binary: Bool = false) throws -> Case {
        let base = try Categorical(logits: randomLogits(&random, spreads: [0.3, 1, 3]))
        var rewards = randomRow(&random, count: base.vocabulary)
        if binary { rewards = rewards.enumerated().map { $0.offset == 0 || $0.element > 0.5 ? 1 : 0 } }
        let temperature = exp(random.normalPair().0)
        let tilt = try ExponentialTilt(of: base, rewards: rewards, rewardTemperature: temperature)
        return Case(base: base, rewards: rewards, temperature: temperature, tilt: tilt)
    }

    @Test func `a tilt is the base reweighted by its exponential rewards`() throws {
        try forRandomCases(seed: 481) { random, number in
            let made = try randomCase(&random)
            let weights = zip(made.base.probabilities, made.rewards).map { $0 * exp($1 / made.temperature) }
            let total = weights.reduce(0, +)
            let tilted = weights.map { $0 / total }
            let tilt = made.tilt
            #expect(zip(tilt.tilted.probabilities, tilted).allSatisfy { isClose($0, $1) }, "case \(number)")
            #expect(isClose(tilt.logPartition, log(total), absolute: 1e-12), "case \(number)")
            #expect(isClose(tilt.expectedReward, weighted(tilted, made.rewards), absolute: 1e-12), "case \(number)")
            let gain = weighted(tilted, made.rewards) - weighted(made.base.probabilities, made.rewards)
            #expect(isClose(tilt.rewardGain, gain, absolute: 1e-12), "case \(number)")
            let divergence = weighted(tilted, zip(tilted, made.base.probabilities).map { log($0 / $1) })
            #expect(isClose(tilt.divergence, divergence, absolute: 1e-12), "case \(number)")
            let identity = tilt.expectedReward / made.temperature - tilt.logPartition
            #expect(isClose(tilt.divergence, identity, absolute: 1e-11), "case \(number)")
            #expect(isClose(tilt.tilted.entropy, definedEntropy(tilted), absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `no other policy does better at the price of its divergence`() throws {
        try forRandomCases(seed: 482) { random, number in
            let made = try randomCase(&random)
            let best = made.temperature * made.tilt.logPartition
            func value(_ p: Categorical) throws -> Double {
                p.mean { made.rewards[$0] } - made.temperature * (try p.divergence(from: made.base))
            }
            #expect(isClose(try value(made.tilt.tilted), best, absolute: 1e-12), "case \(number)")
            for size in [1e-3, 0.1, 1] {
                let near = made.tilt.tilted.logProbabilities.map { $0 + size * random.normalPair().0 }
                let other = try Categorical(logits: near)
                // The gap is τ KL(p‖p*), nothing else.
                let gap = made.temperature * (try other.divergence(from: made.tilt.tilted))
                #expect(isClose(best - (try value(other)), gap, absolute: 1e-11), "case \(number)")
                #expect(gap > 0, "case \(number)")
            }
        }
    }

    @Test func `reward and divergence rise with the inverse temperature by the variance of the reward`() throws {
        try forRandomCases(seed: 483) { random, number in
            let made = try randomCase(&random)
            let beta = Dual(1 / made.temperature, 1)
            let logs = made.base.logProbabilities.map { Dual($0) }
            let logits = zip(logs, made.rewards).map { $0 + beta * Dual($1) }
            let tilted = dualLogs(logits, temperature: Dual(1))
            let reward = dualMean(tilted, made.rewards.map { Dual($0) })
            let divergence = dualMean(tilted, zip(tilted, logs).map { $0 - $1 })
            let variance = made.tilt.rewardVariance
            #expect(isClose(variance, reward.slope, absolute: 1e-12), "case \(number)")
            #expect(isClose(variance / made.temperature, divergence.slope, absolute: 1e-11), "case \(number)")
        }
    }

    @Test func `with two rewards the tilt has its closed form`() throws {
        // q = 0.1, τ = 0.5: q* = 0.450853, KL = 0.407677.
        let fixture = try ExponentialTilt(
            of: Categorical(logits: [log(0.1), log(0.9)]), rewards: [1, 0], rewardTemperature: 0.5)
        #expect(isClose(fixture.expectedReward, 0.450853, absolute: 5e-7))
        #expect(isClose(fixture.divergence, 0.407677, absolute: 5e-7))
        try forRandomCases(seed: 484) { random, number in
            let made = try randomCase(&random, binary: true)
            let q = weighted(made.base.probabilities, made.rewards)
            let odds = exp(1 / made.temperature)
            let z = 1 - q + q * odds
            #expect(isClose(made.tilt.logPartition, log(z), absolute: 1e-12), "case \(number)")
            #expect(isClose(made.tilt.expectedReward, q * odds / z, absolute: 1e-12), "case \(number)")
            let divergence = q * odds / z / made.temperature - log(z)
            #expect(isClose(made.tilt.divergence, divergence, absolute: 1e-11), "case \(number)")
        }
    }

    @Test func `slight and violent tilts keep their digits`() throws {
        try forRandomCases(seed: 485) { random, number in
            let made = try randomCase(&random)
            let variance = try made.base.covariance(made.rewards, made.rewards)
            guard variance > 1e-6 else { return }
            let slight = try ExponentialTilt(of: made.base, rewards: made.rewards, rewardTemperature: 1e8)
            #expect(isClose(slight.rewardGain, variance * 1e-8, absolute: 0, relative: 1e-5), "case \(number)")
            #expect(isClose(slight.divergence, variance / 2 * 1e-16, absolute: 0, relative: 1e-5), "case \(number)")
            let violent = try ExponentialTilt(of: made.base, rewards: made.rewards, rewardTemperature: 1e-12)
            let best = made.rewards.indices.max { made.rewards[$0] < made.rewards[$1] } ?? 0
            #expect(violent.expectedReward == made.rewards[best], "case \(number)")
            let surprisal = -made.base.logProbabilities[best]
            #expect(isClose(violent.divergence, surprisal, absolute: 1e-12), "case \(number)")
            let none = try ExponentialTilt(of: made.base, rewards: made.rewards, rewardTemperature: .infinity)
            #expect(none.rewardGain.magnitude < 1e-15 && none.divergence < 1e-15, "case \(number)")
        }
    }

    @Test func `the tilt found meets the wanted divergence or reward`() throws {
        try forRandomCases(seed: 486) { random, number in
            let made = try randomCase(&random, binary: number % 2 == 0)
            let limit = try ExponentialTilt.limits(of: made.base, rewards: made.rewards)
            let start = weighted(made.base.probabilities, made.rewards)
            guard limit.expectedReward - start > 1e-6 else { return }
            let share = 0.001 + 0.998 * random.uniform()
            let byDivergence = try ExponentialTilt.reaching(
                divergence: share * limit.divergence, of: made.base, rewards: made.rewards)
            #expect(
                isClose(byDivergence.divergence, share * limit.divergence, absolute: 1e-13, relative: 1e-13),
                "case \(number)")
            let target = start + share * (limit.expectedReward - start)
            let byReward = try ExponentialTilt.reaching(
                expectedReward: target, of: made.base, rewards: made.rewards)
            #expect(isClose(byReward.expectedReward, target, absolute: 1e-12), "case \(number)")
            // The two frontiers are one: asking for the reward of a divergence gives that divergence back.
            let again = try ExponentialTilt.reaching(
                expectedReward: byDivergence.expectedReward, of: made.base, rewards: made.rewards)
            #expect(isClose(again.divergence, byDivergence.divergence, absolute: 1e-6), "case \(number)")
        }
    }

    @Test func `a known reward temperature is found again`() throws {
        var checked = 0
        try forRandomCases(1_500, seed: 487) { random, number in
            let made = try randomCase(&random)
            guard made.tilt.rewardVariance > 1e-3 else { return }
            checked += 1
            let found = [
                try ExponentialTilt.reaching(
                    divergence: made.tilt.divergence, of: made.base, rewards: made.rewards),
                try ExponentialTilt.reaching(
                    expectedReward: made.tilt.expectedReward, of: made.base, rewards: made.rewards),
            ]
            for tilt in found {
                let relative = abs(tilt.rewardTemperature / made.temperature - 1)
                #expect(relative < 1e-9, "case \(number): \(tilt.rewardTemperature) for \(made.temperature)")
            }
        }
        #expect(checked >= 1_000)
    }

    @Test func `what no tilt reaches is refused in one sentence`() throws {
        let base = try Categorical(logits: [0, 0, -.infinity])
        #expect(try ExponentialTilt.limits(of: base, rewards: [1, 0, 9]).expectedReward == 1)
        #expect(isClose(try ExponentialTilt.limits(of: base, rewards: [1, 0, 9]).divergence, log(2.0)))
        #expect(
            refusal { _ = try ExponentialTilt.reaching(expectedReward: 1, of: base, rewards: [1, 0, 9]) }
                == "no tilt has an expected reward of 1.0: it must lie between 0.5 and 1.0, both excluded "
                + "(expectedReward)")
        #expect(
            refusal { _ = try ExponentialTilt.reaching(divergence: 0.5, of: base, rewards: [2, 2, 0]) }
                == "no tilt has a divergence of 0.5 nats: it must lie between 0 and 0.0, both excluded (divergence)")
        #expect(
            refusal { _ = try ExponentialTilt(of: base, rewards: [1, 0, 9], rewardTemperature: 0) }
                == "a tilt needs a positive reward temperature, got 0.0 (rewardTemperature)")
        #expect(
            refusal { _ = try ExponentialTilt(of: base, rewards: [1], rewardTemperature: 1) }
                == "a row of rewards needs one entry per token: 1 for 3 (rewards)")
        let impossible = try ExponentialTilt(of: base, rewards: [1, 0, .nan], rewardTemperature: 1)
        #expect(impossible.tilted.probabilities[2] == 0 && impossible.expectedReward.isFinite)
    }
}
