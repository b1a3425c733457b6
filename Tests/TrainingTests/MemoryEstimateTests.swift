// What a run is expected to occupy: by hand for one shape, and how it follows from the configuration.

import ConfigCoding
import Models
import Testing

@testable import Training

@Suite struct MemoryEstimateTests {
    /// Qwen2.5-0.5B's sizes.
    static let half = ModelConfig(
        vocabularySize: 151_936, hiddenSize: 896, layers: 24, heads: 14, keyValueHeads: 2, intermediateSize: 4864,
        contextLength: 4096, tiesEmbeddings: true, stopTokens: [])

    func estimate(_ overrides: [String] = [], promptTokens: Int = 32) throws -> MemoryEstimate {
        let yaml = TinyRun.yaml(model: "nowhere", output: "nowhere", problems: "nowhere", algorithm: "grpo")
        let options = [
            "rollout.prompts_per_step=2", "rollout.completions_per_prompt=4", "rollout.max_new_tokens=32",
            "training.micro_batch_tokens=2048",
        ]
        let config = try TinyRun.config(yaml, options + overrides)
        return try ResolvedRun(config, model: Self.half, promptTokens: promptTokens).memory
    }

    @Test func `the parts of a small batch on a model of half a billion, by hand`() throws {
        let parameters = 494_032_768
        let head = 151_936 * 896
        let memory = try estimate()
        #expect(memory.weights == 3 * 4 * parameters)
        // one sum for the loss, one for the entropy, and a layer's before it is added
        let matrices = 2 * 896 * 896 + 2 * 128 * 896 + 3 * 896 * 4864
        #expect(memory.gradients == 2 * 4 * parameters + 4 * (matrices + 896 + 2 * 128 + 2 * 896))
        // all matrices, the few norms and biases counted with them, until gradients are made; the head's copy stays
        #expect(memory.forwardCopies == 4 * (parameters - 896 - head))
        #expect(memory.packedWeights == 4 * head)
        let rows = 2 * (32 + 4 * 32)
        let layer = 4 * (5 * 896 + 2 * 896 + 2 * 128) + 12 * 4864
        #expect(memory.activations == rows * 24 * layer)
        #expect(memory.reference == 0)
        #expect(memory.keptPasses == rows * 24 * 4 * (2 * 896 + 2 * 128 + 14 + 2 * 896 + 2 * 4864))
        #expect(try estimate(["rollout.prompts_per_step=1000"]).keptPasses == 0, "more than is kept")
        let more = ["rollout.prompts_per_step=1000", "training.kept_pass_megabytes=250000"]
        #expect(try estimate(more).keptPasses == 500 * memory.keptPasses)
        let update = memory.gradients + memory.activations + memory.backward
        #expect(memory.peak == memory.process + memory.weights + memory.packedWeights + memory.keptPasses + update)
    }

    @Test func `each option moves the parts that it is about`() throws {
        let plain = try estimate()
        #expect(try estimate(["training.measure_entropy=false"]).gradients == plain.gradients - 4 * 494_032_768)
        #expect(try estimate(["precision=bfloat16"]).activations < plain.activations)
        let narrow = try estimate(["precision=bfloat16"])
        #expect(narrow.forwardCopies == plain.forwardCopies / 2)
        #expect(narrow.packedWeights == plain.packedWeights / 2 + narrow.forwardCopies, "copies for backward passes")
        let recomputed = try estimate(["training.gradient_checkpointing=true"])
        #expect(recomputed.forwardCopies == 0 && recomputed.packedWeights == plain.packedWeights + plain.forwardCopies)
        #expect(try estimate(["training.gradient_checkpointing=true"]).activations < plain.activations / 10)
        #expect(try estimate(["reference=nowhere", "algorithm.kl_coefficient=0.1"]).reference == 4 * 494_032_768)
        let adapters = try estimate(["lora={rank: 8, alpha: 16}"])
        #expect(adapters.weights < plain.weights && adapters.gradients < plain.gradients)
        #expect(try estimate(promptTokens: 64).activations - plain.activations == 2 * 32 * (plain.activations / 320))
        // several micro-batches add to the same sums
        let cut = try estimate(["training.micro_batch_tokens=100"])
        #expect(cut.gradients == plain.gradients)
        #expect(cut.activations == plain.activations && cut.backward < plain.backward)
    }

    @Test func `threads that share out a small model's update hold a gradient each`() throws {
        var small = Self.half
        (small.layers, small.vocabularySize) = (2, 512)
        let yaml = TinyRun.yaml(model: "nowhere", output: "nowhere", problems: "nowhere", algorithm: "grpo")
        let config = try TinyRun.config(yaml, [])
        func gradients(_ model: ModelConfig, threads: Int) -> Int {
            MemoryEstimate(config, model: model, promptTokens: 32, threads: threads).gradients
        }
        #expect(gradients(small, threads: 3) == 3 * gradients(small, threads: 1))
        #expect(gradients(Self.half, threads: 3) == gradients(Self.half, threads: 1))
    }

    @Test func `sampling counts where its cache is larger than an update`() throws {
        let options = ["rollout.max_new_tokens=4000", "rollout.slots=4096", "rollout.completions_per_prompt=2048"]
        let memory = try estimate(options + ["training.gradient_checkpointing=true"])
        #expect(memory.sampling > memory.gradients + memory.activations + memory.backward)
        #expect(
            memory.peak == memory.process + memory.weights + memory.packedWeights + memory.cache + memory.forwardCopies)
    }

    @Test func `absurd batches stay numbers`() throws {
        let most = [
            "rollout.prompts_per_step=1000000", "rollout.completions_per_prompt=10000",
            "rollout.max_new_tokens=1000000",
        ]
        let memory = try estimate(most)
        // graphs of so many rows are not kept: one micro-batch counts, which is at least one sequence
        let layer = 4 * (5 * 896 + 2 * 896 + 2 * 128) + 12 * 4864
        #expect(memory.activations == (32 + 1_000_000) * 24 * layer)
        #expect(memory.peak > memory.activations)
    }
}
