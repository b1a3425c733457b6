// The adaptive KL coefficient: its walk follows the measured divergence, wherever the penalty is paid.

import Algorithms
import ConfigCoding
import Testing
import Trajectories

@Suite struct AdaptiveKLTests {
    private func update(_ tokens: TokenTable, _ index: Int) -> PendingUpdate {
        PendingUpdate(index: index, total: 9, tokens: tokens, entropy: 1, learningRate: 1, momentumMemory: 0)
    }

    @Test func `in the loss the coefficient of each update is the one walked to before it`() throws {
        try forRandomCases(100, seed: 1) { random, number in
            var adaptive = try algorithm(
                "name: grpo, kl_coefficient: 0.3, kl_estimator: k2, kl_target: 0.05, kl_horizon: 50")
            let plain = try algorithm("name: grpo").coefficients
            var beta = 0.3
            for index in 0..<6 {
                let table = try BatchMaker(referenceSpread: 0.6 * random.uniform()).make(&random).table
                let reference = try #require(table.referenceLogprob)
                let x = zip(table.policyLogprob, reference).map { Double($0) - Double($1) }
                let plan = try adaptive.plan(for: update(table, index))
                // g1 of the loss beside that of plain GRPO: β x / N for k2
                let (found, base) = (plan.algorithm.coefficients(for: table).g1, plain(table).g1)
                for token in x.indices {
                    let expected = beta * x[token] / Double(table.count)
                    #expect(
                        isClose(Double(found[token]) - Double(base[token]), expected, absolute: 1e-6), "case \(number)")
                }
                let kl = x.reduce(0) { $0 + $1 * $1 / 2 } / Double(x.count)
                let error = min(0.2, max(-0.2, kl / 0.05 - 1))
                beta *= 1 + error * Double(Set(table.sequence).count) / 50
                let metrics = Dictionary(uniqueKeysWithValues: adaptive.controllerMetrics.map { ($0.name, $0.value) })
                #expect(isClose(metrics["adaptive_kl/next"] ?? .nan, beta, absolute: 1e-9), "case \(number)")
                #expect(isClose(metrics["adaptive_kl/divergence"] ?? .nan, kl, absolute: 1e-9), "case \(number)")
            }
        }
    }

    @Test func `in the reward the next step's completions pay the coefficient walked to, through any filter`() throws {
        for filter in ["", ", overlong_filter: true"] {
            var adaptive = try algorithm(
                "name: rloo, kl_coefficient: 0.5, kl_in: reward, kl_target: 1, kl_horizon: 40\(filter)")
            let group = [
                Outcome(reward: 1, sampledLogprob: [-1, -2], referenceLogprob: [-1.5, -2]),
                Outcome(reward: 0, sampledLogprob: [-1], referenceLogprob: [-1.25]),
            ]
            let before = try adaptive.advantages(of: [group])[0]
            // prices 0.5 · 0.5 and 0.5 · 0.25
            #expect(isClose(before[0], (1 - 0.25) - (0 - 0.125), absolute: 1e-12))
            let table = try BatchMaker(referenceSpread: 0).make(seed: 2).table
            _ = try adaptive.plan(for: update(table, 0))
            // no divergence: the coefficient falls by a fifth of the responses over the horizon
            let beta = 0.5 * (1 - 0.2 * Double(Set(table.sequence).count) / 40)
            let after = try adaptive.advantages(of: [group])[0]
            #expect(isClose(after[0], (1 - beta * 0.5) - (0 - beta * 0.25), absolute: 1e-12))
            // the walk survives a restart
            var resumed = try algorithm(
                "name: rloo, kl_coefficient: 0.5, kl_in: reward, kl_target: 1, kl_horizon: 40\(filter)")
            try resumed.restore(controllerStates: try adaptive.controllerStates())
            #expect(try resumed.advantages(of: [group]) == [after])
        }
    }

    @Test func `it stands beside the controllers of other methods, and needs a penalty to walk with`() throws {
        let both = try algorithm("name: skywork, kl_coefficient: 0.1, kl_target: 0.1")
        #expect(both.controllers.map(\.name) == ["adaptive_kl", "adaptive_entropy_bonus"])
        for text in ["name: grpo, kl_target: 0.1", "name: grpo, kl_coefficient: 0.1, kl_horizon: 10"] {
            #expect(throws: ConfigError.self) { try algorithm(text) }
        }
    }
}
