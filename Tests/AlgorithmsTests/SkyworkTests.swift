// Skywork's controller: the coefficient walks by ± D, and nothing is added above the target.

import Algorithms
import Testing
import Trajectories

@Suite struct SkyworkTests {
    private func update(_ tokens: TokenTable, _ index: Int, entropy: Double) -> PendingUpdate {
        PendingUpdate(index: index, total: 100, tokens: tokens, entropy: entropy, learningRate: 1, momentumMemory: 0)
    }

    @Test func `on any trace of entropies the coefficient is Skywork's, and the bonus is off from the target on`()
        throws
    {
        try forRandomCases(200, seed: 1) { random, number in
            let table = try BatchMaker().make(&random).table
            var skywork = try algorithm(
                "name: skywork, entropy: exact, target_entropy: 0.5, step: 0.01, coefficient_max: 0.03")
            let plain = try algorithm("name: grpo").coefficients(for: table)
            var expected = 0.0
            for index in 0..<12 {
                let entropy = 0.5 + 0.3 * random.normalPair().0
                let plan = try skywork.plan(for: update(table, index, entropy: entropy))
                expected = min(max(expected + (entropy < 0.5 ? 0.01 : -0.01), 0), 0.03)
                let applied = entropy < 0.5 ? expected : 0
                let found = plan.algorithm.coefficients(for: table)
                #expect(found.g1 == plain.g1)
                for g2 in found.g2 {
                    #expect(isClose(Double(g2), -applied / Double(table.count), absolute: 1e-9), "case \(number)")
                }
                #expect(
                    skywork.controllerMetrics.map(\.name)
                        == ["coefficient", "applied", "entropy"].map {
                            "adaptive_entropy_bonus/" + $0
                        })
            }
        }
    }

    @Test func `by default it walks by what the sampler recorded`() throws {
        let table = try BatchMaker().make(seed: 2).table
        let sampled = -table.sampledLogprob.reduce(0) { $0 + Double($1) } / Double(table.count)
        for (target, applied) in [(sampled * 1.01, 1e-4), (sampled * 0.99, 0)] {
            var skywork = try algorithm("name: skywork, target_entropy: \(target)")
            _ = try skywork.plan(for: update(table, 0, entropy: .nan))
            #expect(isClose(skywork.controllerMetrics[1].value, applied, absolute: 1e-12))
        }
    }

    @Test func `TRL's port applies what the step before decided`() throws {
        let table = try BatchMaker().make(seed: 3).table
        var trl = try algorithm("name: skywork, preset: trl, target_entropy: 1")
        _ = try trl.plan(for: update(table, 0, entropy: 0.5))
        #expect(trl.controllerMetrics[1].value == 0)
        _ = try trl.plan(for: update(table, 1, entropy: 2))
        #expect(trl.controllerMetrics[1].value == 0.005)
    }

    @Test func `bounds that hold nothing are refused`() {
        #expect(
            refusal("name: skywork, coefficient_min: 0.1, coefficient_max: 0.05")
                == "algorithm.coefficient_max must lie in 0.1...100, got 0.05 (test.yaml:1)")
    }
}
