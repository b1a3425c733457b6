// Masks on the discriminant keep entropy up, on the same tasks and draws as plain GRPO.

import Simulation
import Testing

@Suite struct MaskTests {
    @Test(arguments: ["clip_b", "clip_v"], ["neg", "sign_aware"])
    func `one-sided and sign-aware masks end above GRPO, on every seed`(name: String, advantages: String) throws {
        let masked = try algorithm("{name: \(name), mu_neg: 1, mu_pos: 1, advantages: \(advantages)}")
        let plain = try algorithm("{name: grpo}")
        let ends = try inParallel(5) { seed in
            let task = try TableTask.random(seed: UInt64(seed))
            let settings = SimulationSettings().with { $0.seed = UInt64(seed) }
            return try [masked, plain].map { algorithm in
                var simulator = try Simulator(task, algorithm, settings)
                return try simulator.run().finalEntropy
            }
        }
        for end in ends { #expect(end[0] > end[1], "\(end)") }
    }
}
