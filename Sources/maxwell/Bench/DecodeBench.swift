// Decoding: tokens per second against the number of completions decoded at once.

import Models
import Rollouts
import Trajectories

enum DecodeBench {
    static func group(_ plan: BenchPlan) -> BenchGroup {
        let sizes = [1, 4, 16, 64, 256]
        let length = plan.isQuick ? 32 : 64
        return BenchGroup(
            name: "decode", count: sizes.count, rounds: plan.rounds, variable: "batch size", parts: ["step"]
        ) {
            let model = try ModelFolder.initialise(BenchModel.small.config, seed: 1)
            let prompt = RolloutEngine.Prompt(tokens: (0..<32).map { Int32(0x30 + $0 % 10) }, index: 0)
            let options = SamplingOptions(maxNewTokens: length, stopTokens: [])
            return sizes.map { size in
                let engine = RolloutEngine(model: model, seed: 1)
                return BenchCase("batch/\(size)", tokens: Double(size * length), size: Double(size)) {
                    let clock = ContinuousClock()
                    let start = clock.now
                    _ = try engine.complete([prompt], samples: size, options: options, step: 0)
                    return ["step": (clock.now - start) / .seconds(length)]
                }
            }
        }
    }
}

/// A model and the batch of one step, as the measurements know them.
struct BenchModel {
    var name: String
    var config: ModelConfig
    var prompts, samples, prompt, completion: Int
    var microBatchTokens = 2048

    /// The shapes that the comparison with other trainers uses (benchmarks/peers).
    static let small = BenchModel(
        name: "a", config: config(hidden: 256, layers: 4, heads: 4, intermediate: 1024, vocabulary: 512, context: 1024),
        prompts: 8, samples: 8, prompt: 32, completion: 64)
    static let middle = BenchModel(
        name: "b",
        config: config(hidden: 512, layers: 8, heads: 8, intermediate: 2048, vocabulary: 8192, context: 1024),
        prompts: 8, samples: 8, prompt: 128, completion: 128)

    /// A Qwen2 with two key-value heads, tied, without a stop token: completions have one length.
    static func config(hidden: Int, layers: Int, heads: Int, intermediate: Int, vocabulary: Int, context: Int)
        -> ModelConfig
    {
        ModelConfig(
            vocabularySize: vocabulary, hiddenSize: hidden, layers: layers, heads: heads, keyValueHeads: 2,
            intermediateSize: intermediate, contextLength: context, tiesEmbeddings: true, stopTokens: [])
    }
}
