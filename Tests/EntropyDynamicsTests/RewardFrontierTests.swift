// The reward–divergence frontier: closed forms against enumeration, optimality, inverses and limits.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct RewardFrontierTests {
    private func randomRate(_ random: inout RandomSource) -> Double {
        [random.uniform(), exp(-30 * random.uniform()), 1 - exp(-30 * random.uniform())][random.integer(below: 3)]
    }

    @Test func `the worked example holds`() throws {
        let frontier = try RewardFrontier(basePassRate: 0.1)
        #expect(isClose(frontier.passRate(temperature: 0.5), 0.450853, absolute: 5e-7))
        #expect(isClose(frontier.divergence(temperature: 0.5), 0.407677, absolute: 5e-7))
    }

    @Test func `it is the tilt of any policy over sequences, enumerated`() throws {
        try forRandomCases(seed: 571) { random, number in
            let base = try Categorical(logits: randomLogits(&random, sizes: 2...30, spreads: [0.1, 1, 3]))
            let rewards = (0..<base.vocabulary).map { _ in random.integer(below: 2) }
            let temperature = 0.1 + 3 * random.uniform()
            let tilted = try Categorical(
                logits: zip(base.logProbabilities, rewards).map { $0 + Double($1) / temperature })
            let q0 = base.mean { Double(rewards[$0]) }
            let q = tilted.mean { Double(rewards[$0]) }
            let divergence = tilted.mean { tilted.logProbabilities[$0] - base.logProbabilities[$0] }
            let frontier = try RewardFrontier(basePassRate: min(1, q0))
            #expect(isClose(frontier.passRate(temperature: temperature), q, absolute: 1e-12), "case \(number)")
            #expect(isClose(frontier.divergence(temperature: temperature), divergence, absolute: 1e-12))
            // No other policy has as much of reward − τ KL.
            let other = try Categorical(logits: tilted.logProbabilities.map { $0 + 0.3 * random.normalPair().0 })
            let value = other.mean {
                Double(rewards[$0]) - temperature * (other.logProbabilities[$0] - base.logProbabilities[$0])
            }
            #expect(value <= q - temperature * divergence + 1e-12, "case \(number)")
            // Nor any more reward for its own KL.
            let spent = max(0, other.mean { other.logProbabilities[$0] - base.logProbabilities[$0] })
            let reward = other.mean { Double(rewards[$0]) }
            #expect(reward <= frontier.passRate(withinDivergence: spent) + 1e-9, "case \(number)")
            if let share = frontier.efficiency(reward: reward, divergence: spent), spent > 1e-6 {
                #expect(share <= 1 + 1e-6, "case \(number)")
            }
        }
    }

    @Test func `the two forms of the divergence agree`() throws {
        try forRandomCases(4_000, seed: 572) { random, number in
            let frontier = try RewardFrontier(basePassRate: randomRate(&random))
            let temperature = exp(random.normalPair().0 * 2)
            let (q0, q) = (frontier.basePassRate, frontier.passRate(temperature: temperature))
            let z = 1 - q0 + q0 * exp(1 / temperature)
            let found = frontier.divergence(temperature: temperature)
            if z < .infinity {
                #expect(isClose(q, q0 * exp(1 / temperature) / z, absolute: 1e-15, relative: 1e-12), "case \(number)")
                let tolerance = 1e-15 * (1 + 1 / temperature)
                #expect(isClose(found, q / temperature - log(z), absolute: 4 * tolerance), "case \(number)")
            }
            // A pass rate next to 1 no longer holds 1 − q, whose logarithm is steep there.
            guard q0 > 0, q0 < 1, 1 - q > 1e-6 else { return }
            let coins = q * log(q / q0) + (1 - q) * log((1 - q) / (1 - q0))
            #expect(isClose(frontier.divergence(passRate: q), coins, absolute: 1e-14), "case \(number)")
            #expect(isClose(frontier.divergence(passRate: q), found, absolute: 1e-16, relative: 1e-8), "case \(number)")
        }
    }

    @Test func `a small tilt keeps its digits`() throws {
        try forRandomCases(seed: 573) { random, number in
            let q0 = 0.01 + 0.98 * random.uniform()
            let frontier = try RewardFrontier(basePassRate: q0)
            // KL = v s²/2 + κ₃ s³/3 + κ₄ s⁴/8 + …, the cumulants of a coin.
            let (tilt, v) = (1e-5, q0 * (1 - q0))
            let series = v * tilt * tilt / 2 + v * (1 - 2 * q0) * tilt * tilt * tilt / 3
            #expect(
                isClose(frontier.divergence(temperature: 1 / tilt), series, absolute: 0, relative: 1e-9),
                "case \(number)")
            #expect(
                isClose(frontier.divergence(passRate: q0 + 1e-9), 1e-18 / (2 * v), absolute: 0, relative: 1e-6),
                "case \(number)")
            let tiny = frontier.temperature(withinDivergence: 1e-20)
            #expect(isClose(tiny, (v / 2e-20).squareRoot(), absolute: 0, relative: 1e-9), "case \(number)")
        }
    }

    @Test func `the inverse spends the budget and the slope is the temperature`() throws {
        try forRandomCases(4_000, seed: 574) { random, number in
            let frontier = try RewardFrontier(basePassRate: randomRate(&random))
            guard frontier.basePassRate > 0, frontier.basePassRate < 1 else { return }
            let whole = frontier.divergenceOfCertainty
            #expect(isClose(whole, -log(frontier.basePassRate), absolute: 0, relative: 1e-15))
            let budget = whole * (0.001 + 0.99 * random.uniform())
            let temperature = frontier.temperature(withinDivergence: budget)
            #expect(
                isClose(frontier.divergence(temperature: temperature), budget, absolute: 0, relative: 1e-10),
                "case \(number): q0 \(frontier.basePassRate), budget \(budget)")
            let q = frontier.passRate(withinDivergence: budget)
            #expect(q >= frontier.basePassRate && q <= 1)
            #expect(frontier.passRate(withinDivergence: budget * 1.001) >= q, "case \(number)")
            #expect(
                frontier.passRate(withinDivergence: whole) == 1 && frontier.passRate(withinDivergence: 2 * whole) == 1)
            #expect(frontier.passRate(withinDivergence: 0) == frontier.basePassRate)
            guard frontier.basePassRate > 1e-6, frontier.basePassRate < 0.9, budget < 0.9 * whole else { return }
            let step = 1e-4 * budget
            let above = frontier.passRate(withinDivergence: budget + step)
            let slope = (above - frontier.passRate(withinDivergence: budget - step)) / (2 * step)
            #expect(isClose(slope, temperature, absolute: 1e-9, relative: 1e-4), "case \(number)")
        }
    }

    @Test func `limits neither overflow nor lose their value`() throws {
        for q0 in [0, .leastNonzeroMagnitude, 1e-300, 1e-20, 0.5, 1 - 1e-16, 1] {
            let frontier = try RewardFrontier(basePassRate: q0)
            for temperature in [0, 1e-300, 1e-5, 1e-3, 1, 1e5, 1e300, .infinity] {
                let (q, divergence) = (
                    frontier.passRate(temperature: temperature), frontier.divergence(temperature: temperature)
                )
                #expect(q >= q0 && q <= 1, "\(q0), \(temperature): \(q)")
                #expect(divergence >= 0 && divergence <= max(0, -log(max(q0, .leastNonzeroMagnitude))) * (1 + 1e-15))
                #expect(divergence.isFinite)
            }
            #expect(frontier.passRate(temperature: .infinity) == q0)
            #expect(frontier.divergence(temperature: .infinity) == 0)
            #expect(frontier.passRate(temperature: 0) == (q0 == 0 ? 0 : 1))
            for budget in [0, 1e-300, 1e-12, 1, 700, 1e6, .infinity] {
                let q = frontier.passRate(withinDivergence: budget)
                #expect(q >= q0 && q <= 1, "\(q0), \(budget): \(q)")
            }
        }
        let never = try RewardFrontier(basePassRate: 0)
        #expect(never.divergenceOfCertainty == .infinity && never.passRate(withinDivergence: 1e9) == 0)
        #expect(never.efficiency(reward: 0, divergence: 1) == nil)
        #expect(never.divergence(passRate: 0.1) == .infinity)
        let half = try RewardFrontier(basePassRate: 0.5)
        #expect(half.divergence(passRate: 1.1).isNaN && half.temperature(withinDivergence: -1).isNaN)
        #expect(half.passRate(withinDivergence: -1).isNaN && half.passRate(temperature: -1).isNaN)
        #expect(isClose(half.divergence(passRate: 1), log(2), absolute: 1e-15))
        #expect(isClose(half.divergence(passRate: 0), log(2), absolute: 1e-15))
        #expect(half.efficiency(reward: 0.7, divergence: 0) == nil)
        #expect(isClose(try #require(half.efficiency(reward: 0.75, divergence: 1)), 0.5))
        #expect(
            refusal { _ = try RewardFrontier(basePassRate: 1.5) }
                == "a pass rate lies between 0 and 1, got 1.5 (basePassRate)")
    }

    @Test func `one prompt is its own mean`() throws {
        try forRandomCases(seed: 575) { random, number in
            let q0 = 0.001 + 0.99 * random.uniform()
            let one = try RewardFrontier(basePassRate: q0)
            let many = try MeanRewardFrontier(basePassRates: [q0, q0, q0])
            let budget = one.divergenceOfCertainty * 1.2 * random.uniform()
            let (a, b) = (one.passRate(withinDivergence: budget), many.passRate(withinMeanDivergence: budget))
            #expect(isClose(a, b, absolute: 1e-9), "case \(number)")
        }
    }

    @Test func `a common temperature beats every other way to spend the same mean divergence`() throws {
        try forRandomCases(2_000, seed: 576) { random, number in
            let rates = (0..<(2 + random.integer(below: 6))).map { _ in randomRate(&random) }
            let frontier = try MeanRewardFrontier(basePassRates: rates + [0, 1])
            let budget = frontier.divergenceOfCertainty * random.uniform()
            guard budget > 1e-9 else { return }
            let temperature = frontier.temperature(withinMeanDivergence: budget)
            #expect(
                isClose(frontier.divergence(temperature: temperature), budget, absolute: 0, relative: 1e-9),
                "case \(number): \(rates), \(budget)")
            let best = frontier.passRate(withinMeanDivergence: budget)
            // The same nats, dealt out otherwise.
            let shares = frontier.prompts.map { _ in -log(1 - random.uniform()) }
            let dealt = budget * Double(shares.count) / shares.reduce(0, +)
            let other =
                zip(frontier.prompts, shares).reduce(0) { $0 + $1.0.passRate(withinDivergence: dealt * $1.1) }
                / Double(shares.count)
            #expect(other <= best + 1e-9, "case \(number)")
            if best > frontier.basePassRate + 1e-9 {
                let share = try #require(frontier.efficiency(reward: other, meanDivergence: budget))
                #expect(share <= 1 + 1e-6 && share >= -1e-6, "case \(number)")
            }
        }
    }

    @Test func `a mean frontier has its ends`() throws {
        let frontier = try MeanRewardFrontier(basePassRates: [0, 0.5, 0.25, 1])
        #expect(isClose(frontier.divergenceOfCertainty, (log(2) + log(4)) / 4, absolute: 1e-15))
        #expect(frontier.basePassRate == 0.4375)
        #expect(frontier.passRate(withinMeanDivergence: 10) == 0.75)
        #expect(frontier.passRate(withinMeanDivergence: 0) == 0.4375)
        #expect(frontier.efficiency(reward: 0.5, meanDivergence: 0) == nil)
        #expect(isClose(try #require(frontier.efficiency(reward: 0.59375, meanDivergence: 10)), 0.5))
        #expect(frontier.temperature(withinMeanDivergence: -1).isNaN)
        #expect(
            refusal { _ = try MeanRewardFrontier(basePassRates: []) }
                == "a mean frontier needs at least one prompt; none was given (basePassRates)")
    }
}
