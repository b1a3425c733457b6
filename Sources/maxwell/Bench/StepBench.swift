// A full GRPO step as `maxwell train` makes it, with its log and store, split by the run's own metrics.

import Analysis
import ConfigCoding
import Foundation
import Models
import Torch
import Training

enum StepBench {
    /// Steps before the measured ones, in which memory is claimed and caches warm up.
    private static let warmup = 1

    static func group(_ plan: BenchPlan) -> BenchGroup {
        let models = plan.isQuick ? [BenchModel.small] : [.small, .middle]
        // a run has warm-up steps of its own and takes medians over its steps
        return BenchGroup(name: "step", count: models.count, rounds: 1, warmsUp: false) {
            try models.map { model in
                let folder = try TemporaryFolder()
                try save(model, to: folder.path + "/model")
                let steps = model.name == BenchModel.small.name ? 5 : 2
                let tokens = Double(model.prompts * model.samples * model.completion)
                return BenchCase(model.name, tokens: tokens) { try run(model, folder.path, steps: steps) }
            }
        }
    }

    /// Writes a random model with the shipped byte-level tokenizer; ids beyond it have no text, which costs the reward nothing.
    private static func save(_ model: BenchModel, to folder: String) throws {
        let tokenizer = try ProjectFolder.path(of: "models/countdown-tokenizer")
        try ModelFolder.save(
            try ModelFolder.initialise(model.config, seed: 1), to: folder, companions: ModelCompanions(tokenizer))
    }

    private static func run(_ model: BenchModel, _ folder: String, steps: Int) throws -> [String: Double] {
        let output = folder + "/run"
        try? FileManager.default.removeItem(atPath: output)
        let yaml = """
            model: \(folder)/model
            output: \(output)
            threads: \(Runtime.threads)
            precision: \(Runtime.precision.rawValue)
            device: \(Runtime.device.rawValue)
            environment: {name: parity, prompt_length: \(model.prompt)}
            algorithm: {name: grpo}
            rollout: {prompts_per_step: \(model.prompts), completions_per_prompt: \(model.samples), \
            max_new_tokens: \(model.completion)}
            training: {steps: \(warmup + steps), micro_batch_tokens: \(model.microBatchTokens)}
            optimiser: {learning_rate: 1e-3}
            checkpoint: {every: 1000000}
            """
        let config = try TrainConfig(try ConfigSection.parse(yaml, name: "bench"))
        try TrainingRun(config, resume: false).run()
        let curves = try RunCurves(metricsFile: output + "/metrics.jsonl")
        func measured(_ name: String) throws -> [Double] { Array(try curves.curve(name).values.dropFirst(warmup)) }
        var parts: [String: Double] = [:]
        for part in ["rollout", "reward", "update", "measure", "log"] {
            parts[part] = median(try measured("seconds/\(part)"))
        }
        let tokens = try measured("tokens/completion")
        parts["total"] = median(zip(tokens, try measured("rate/tokens_per_second")).map { $0 / $1 })
        return parts
    }
}

/// A folder that is removed with its last owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "maxwell-bench-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
