// How rollout, update and measurement grow with tokens, group size, prompt length, completion length and model size, in memory.

import Algorithms
import Models
import Rollouts
import Torch
import Training
import Trajectories

enum StepSeries {
    /// The point from which each series varies one size.
    private static let base = model(hidden: 128)

    static func all(_ plan: BenchPlan) -> [BenchGroup] {
        [
            series(plan, "tokens", "prompts, each of P + G R tokens", [4, 8, 16, 32, 64, 128]) { $0.prompts = $1 },
            series(plan, "group-size", "completions per prompt G", [2, 4, 8, 16, 32]) { $0.samples = $1 },
            series(plan, "prompt-length", "prompt tokens", [8, 32, 64, 128, 256]) { $0.prompt = $1 },
            series(plan, "completion-length", "completion tokens", [8, 16, 32, 64, 128]) { $0.completion = $1 },
            series(plan, "model-size", "parameters", [64, 96, 128, 192, 256, 384]) {
                $0.config = model(hidden: $1).config
            },
        ]
    }

    private static func model(hidden: Int) -> BenchModel {
        BenchModel(
            name: "series",
            config: BenchModel.config(
                hidden: hidden, layers: 4, heads: 4, intermediate: 4 * hidden, vocabulary: 512, context: 512),
            prompts: 4, samples: 8, prompt: 32, completion: 32)
    }

    private static func series(
        _ plan: BenchPlan, _ name: String, _ variable: String, _ all: [Int],
        vary: @escaping (inout BenchModel, Int) -> Void
    ) -> BenchGroup {
        let sizes = plan.sizes(all)
        return BenchGroup(
            name: name, count: sizes.count, rounds: plan.rounds, variable: variable,
            parts: ["rollout", "update", "measure"]
        ) {
            try sizes.map { size in
                var shape = base
                vary(&shape, size)
                let isModelSize = variable == "parameters"
                return try item(
                    shape, "\(size)", size: Double(isModelSize ? shape.config.parameterCount : size))
            }
        }
    }

    /// One step without files: sample, credit by the parity of ids, update, measure.
    private static func item(_ shape: BenchModel, _ name: String, size: Double) throws -> BenchCase {
        let model = try ModelFolder.initialise(shape.config, seed: 1)
        let engine = RolloutEngine(model: model, seed: 1)
        let updater = PolicyUpdater(model: model, temperature: 1, microBatchTokens: shape.microBatchTokens)
        var optimiser = try withTorchErrors { AdamW(model.parameters.map(\.tensor), options: AdamW.Options()) }
        let prompts = (0..<shape.prompts).map { index in
            RolloutEngine.Prompt(tokens: (0..<shape.prompt).map { Int32(($0 + index) % 10) }, index: index)
        }
        let options = SamplingOptions(maxNewTokens: shape.completion, stopTokens: [])
        let credit = GroupNormalisedCredit()
        var step = 0
        let tokens = shape.prompts * shape.samples * shape.completion
        return BenchCase(name, tokens: Double(tokens), size: size) {
            step += 1
            let clock = ContinuousClock()
            let start = clock.now
            let groups = try engine.complete(prompts, samples: shape.samples, options: options, step: step)
            let rollout = (clock.now - start) / .seconds(1)
            let advantages = groups.flatMap { group in
                credit.advantages(group.map { Double($0.tokens.count { $0 % 2 == 0 }) / Double(shape.completion) })
            }
            let sequences = zip(prompts, groups).flatMap { prompt, group in
                group.map { TrainingSequence(prompt: prompt.tokens, tokens: $0.tokens) }
            }
            let g1 = advantages.flatMap { [Float](repeating: Float(-$0) / Float(tokens), count: shape.completion) }
            let report = try updater.update(
                sequences, carriesGradient: advantages.map { $0 != 0 }, optimiser: &optimiser, learningRate: 1e-4,
                measures: true
            ) { _ in TokenDerivatives(g1: g1, g2: [Float](repeating: 0, count: g1.count)) }
            return ["rollout": rollout, "update": report.secondsUpdating, "measure": report.secondsMeasuring]
        }
    }
}
