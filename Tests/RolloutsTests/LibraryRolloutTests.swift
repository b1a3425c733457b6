// Sampling on the operators for devices other than the CPU, forced on CPU tensors: the completions of the fused passes.

import Models
import Rollouts
import Testing
import Torch
import Trajectories

@Suite struct LibraryRolloutTests {
    @Test func `the same completions as on the fused passes, and the same statistics but for rounding`() throws {
        let model = try TinyModel.make(layers: 2)
        let prompts = TinyModel.prompts(5)
        func completions() throws -> [Completion] {
            try RolloutEngine(model: model, seed: 3, slots: 7)
                .complete(prompts, samples: 6, options: .tiny(), step: 2).flatMap(\.self)
        }
        let fused = try completions()
        let library = try withLibraryOperators { try completions() }
        #expect(library.count == fused.count)
        for (a, b) in zip(library, fused) {
            #expect(a.tokens == b.tokens)
            #expect(zip(a.sampledLogprob, b.sampledLogprob).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(zip(a.entropy, b.entropy).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(zip(a.expectedDiscriminant, b.expectedDiscriminant).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    @Test func `greedy decoding is the arg max of the full forward at every position`() throws {
        try withLibraryOperators {
            try RolloutEngineTests().`greedy decoding is the arg max of the full forward at every position`()
        }
    }

    @Test(arguments: [(1, false, 1.0), (2, true, 1.0), (2, false, 0.7), (1, true, 1.6)])
    func `sampled statistics agree with the trainer's`(layers: Int, tied: Bool, temperature: Double) throws {
        try withLibraryOperators {
            try RolloutStatisticsTests().`sampled statistics agree with the trainer's on the same tokens`(
                layers: layers, tied: tied, temperature: temperature)
        }
    }
}
