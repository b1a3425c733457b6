// Decoding: tokens per second against the number of completions decoded at once.

import ArgumentParser
import Models
import Rollouts
import Torch
import Trajectories

enum DecodeBench {
    /// Tokens of the one prompt that all completions continue.
    private static let prompt = 32

    static func group(_ plan: BenchPlan) -> BenchGroup {
        let sizes = [1, 4, 16, 64, 256]
        let length = plan.isQuick ? 32 : 64
        return BenchGroup(
            name: "decode", count: sizes.count + LinearBench.productCount + 1, rounds: plan.rounds,
            variable: "batch size", parts: ["step"]
        ) {
            let config = plan.decoder.config
            let model = try ModelFolder.initialise(config, seed: 1)
            let first = RolloutEngine.Prompt(tokens: (0..<prompt).map { Int32(0x30 + $0 % 10) }, index: 0)
            let options = SamplingOptions(maxNewTokens: length, stopTokens: [])
            return try LinearBench.products() + [LinearBench.reading()]
                + sizes.map { size in
                    let engine = RolloutEngine(model: model, seed: 1, usesGraphs: plan.usesGraphs)
                    let limit = limit(config, completions: size, length: length)
                    return BenchCase(
                        "batch/\(size)", tokens: Double(size * length), size: Double(size), limit: limit
                    ) {
                        let clock = ContinuousClock()
                        let start = clock.now
                        _ = try engine.complete([first], samples: size, options: options, step: 0)
                        if let reason = engine.graphRefusal {
                            throw ValidationError("--graphs: decoding ran operator by operator: \(reason)")
                        }
                        return ["step": (clock.now - start) / .seconds(length)]
                    }
                }
        }
    }

    /// Every step reads every weight once, the prompt's keys and values once and all that completions have so far; and it multiplies
    /// every completion's row by every weight. Attention's products are left out.
    static func limit(_ config: ModelConfig, completions: Int, length: Int) -> BenchLimit {
        let precision = Runtime.precision
        let operands = Runtime.operands(precision)
        let numbers = 2 * config.layers * config.keyValueHeads * config.headSize * KeyValuePanels.numberBytes
        let seen = length * prompt + completions * length * (length + 1) / 2
        let products = 2 * config.parameterCount * completions * length
        return BenchLimit(
            bytes: Double(length * config.parameterCount * precision.operandBytes) + Double(numbers) * Double(seen),
            operations: Double(products * operands.products), dtype: operands.dtype)
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

    /// Qwen2.5-0.5B's shape.
    static let large = BenchModel(
        name: "c",
        config: config(
            hidden: 896, layers: 24, heads: 14, intermediate: 4864, vocabulary: 151_936, context: 1024),
        prompts: 2, samples: 4, prompt: 32, completion: 32)
    static let all = [small, middle, large]

    /// A Qwen2 with two key-value heads, tied, without a stop token: completions have one length.
    static func config(hidden: Int, layers: Int, heads: Int, intermediate: Int, vocabulary: Int, context: Int)
        -> ModelConfig
    {
        ModelConfig(
            vocabularySize: vocabulary, hiddenSize: hidden, layers: layers, heads: heads, keyValueHeads: 2,
            intermediateSize: intermediate, contextLength: context, tiesEmbeddings: true, stopTokens: [])
    }
}
