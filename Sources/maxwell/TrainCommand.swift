// `maxwell train`: reinforcement fine-tuning from a YAML file.

import Algorithms
import ArgumentParser
import ConfigCoding
import Foundation
import Models
import Torch
import Training

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Reinforcement fine-tuning from a configuration.",
        discussion:
            "Any key of the file can be overridden: maxwell train config.yaml training.steps=100 algorithm.mu_neg=2.5")

    @Argument(help: "A YAML file such as configs/grpo.yaml.") var config: String
    @Argument(help: "Overrides, key.path=value.") var overrides: [String] = []
    @Flag(help: "Go on from the newest valid checkpoint of the run folder.") var resume = false
    @Flag(help: "Only say what the run would be: batch sizes, updates, memory.") var dryRun = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        let config = try TrainConfig(try ConfigSection.load(file: config, overrides: overrides))
        config.warnings.forEach(warn)
        try Runtime.prepare(threads: config.threads)
        try config.device.checked()
        if dryRun { return try describe(config) }
        let run = try TrainingRun(config, resume: resume, onDamage: warn)
        run.warn = warn
        if let sentence = run.promptSentence { warn(sentence) }
        Interruption.listen()
        if !json { print(run.resolved.batchSentence(config)) }
        var bar = ProgressBar(
            config.algorithm.name, total: config.training.steps, unit: "steps", initial: run.completedSteps)
        let path = try run.run(
            onStep: {
                bar.update($0.step, "reward \(fixed($0.reward, 3)), entropy \(fixed($0.entropy, 3)) nats")
            }, shouldStop: { Interruption.isAsked })
        struct Result: Encodable { var model: String, run: String, steps: Int }
        if json {
            try printJSON(Result(model: path, run: config.output, steps: run.completedSteps))
        } else if run.completedSteps < config.training.steps {
            print(
                "Stopped after step \(run.completedSteps) of \(config.training.steps); the checkpoint is \(path), --resume goes on."
            )
        } else {
            print("The model is \(path); metrics are in \(config.output)/metrics.jsonl.")
        }
        if !json, let peak = PeakMemory.bytes, config.device == .cpu {
            print("Memory peaked at \(gigabytes(peak)); \(gigabytes(run.resolved.memory.peak)) had been expected.")
        }
    }

    private func memorySentence(_ memory: MemoryEstimate) -> String {
        let parts = [
            ("weights and moments", memory.weights), ("the reference", memory.reference),
            ("packed weights", memory.packedWeights), ("kept passes", memory.keptPasses),
            ("gradients", memory.gradients),
            ("activations", memory.activations + memory.backward),
        ]
        let said = parts.filter { $0.1 > 0 }.map { "\($0.0) \(gigabytes($0.1))" }.joined(separator: ", ")
        return
            "On a CPU the run takes about \(gigabytes(memory.peak)) at its peak: \(said), the program itself the rest"
            + (memory.sampling > memory.gradients + memory.activations + memory.backward
                ? "; while it samples, keys and values of \(gigabytes(memory.cache)) and more packed weights, "
                    + "\(gigabytes(memory.forwardCopies)), count instead of gradients and activations."
                : ".")
    }

    private func gigabytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1e9, 2) + " GB" }

    private func describe(_ config: TrainConfig) throws {
        let (resolved, assumption) = try ResolvedRun.preview(config)
        if json {
            try FileHandle.standardOutput.write(contentsOf: try resolved.json() + Data("\n".utf8))
            return
        }
        print(resolved.batchSentence(config))
        let (tokens, isHuge) = resolved.maxTokensPerStep.multipliedReportingOverflow(by: config.training.steps)
        print(
            "\(config.training.steps) steps make \(resolved.updates) updates and at most \(isHuge ? .max : tokens) sampled tokens."
        )
        let trained =
            resolved.trainedParameters == resolved.parameters ? "all" : "\(resolved.trainedParameters) in adapters"
        print(
            "The model has \(resolved.parameters) parameters, of which \(trained) are trained. \(memorySentence(resolved.memory))"
        )
        if let sentence = resolved.passSentence(config) { print(sentence) }
        if let assumption { print(assumption) }
        if let reference = config.reference { print("The reference is \(reference).") }
        print(
            "Products are \(resolved.precision) by \(resolved.products), on \(resolved.device) with \(resolved.threads) threads."
        )
    }
}

/// Tells of something that was worked around.
func warn(_ sentence: String) {
    FileHandle.standardError.write(Data("warning: \(sentence)\n".utf8))
}
