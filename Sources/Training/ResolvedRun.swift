// What follows from a configuration: batch sizes, number of updates, memory; said in sentences and kept as `resolved.json`.

import Algorithms
public import Foundation
public import Models
import Torch

/// The derived numbers of a run. Nothing here is a choice.
public struct ResolvedRun: Sendable, Codable, Equatable {
    public var parameters: Int
    /// Those that the optimiser writes: all, or the adapters.
    public var trainedParameters: Int
    public var promptsPerStep: Int
    public var completionsPerStep: Int
    public var updatesPerStep: Int
    public var completionsPerUpdate: Int
    public var updates: Int
    public var maxTokensPerStep: Int
    /// Prompts of a step if dynamic sampling spends its whole budget; `promptsPerStep` without it.
    public var maxPromptsPerStep: Int
    /// Whether sampling keeps its passes for the update; a step whose prompts leave them no room makes them again.
    public var keepsPasses: Bool
    /// What the passes of a step take.
    public var passBytes: Int
    /// What the run will occupy, on a CPU.
    public var memory: MemoryEstimate
    public var threads: Int
    public var device: String
    public var precision: String
    /// The kernel that computes matrix products at that precision on this machine.
    public var products: String
    public var libtorch: String

    /// - Parameter promptTokens: of a usual prompt.
    /// - Throws: `ModelError` about a folder of adapters.
    public init(_ config: TrainConfig, model: ModelConfig, promptTokens: Int) throws {
        parameters = model.parameterCount
        let adapters = try config.adapters?.settings().counts(in: model)
        trainedParameters = adapters?.adapters ?? model.parameterCount
        promptsPerStep = config.rollout.promptsPerStep
        completionsPerStep = promptsPerStep * config.rollout.completionsPerPrompt
        updatesPerStep = config.training.miniBatches * config.training.epochs
        completionsPerUpdate =
            (promptsPerStep + config.training.miniBatches - 1) / config.training.miniBatches
            * config.rollout.completionsPerPrompt
        updates = updatesPerStep * config.training.steps
        let plan = config.algorithm.rolloutPlan
        maxPromptsPerStep = promptsPerStep * (plan.replacesGroupsWithoutContrast ? plan.budget : 1)
        let (tokens, isHuge) = maxPromptsPerStep.multipliedReportingOverflow(
            by: config.rollout.completionsPerPrompt * config.rollout.maxNewTokens)
        maxTokensPerStep = isHuge ? .max : tokens
        memory = MemoryEstimate(
            config, model: model, promptTokens: promptTokens,
            adapters: adapters.map { (trained: $0.adapters, adapted: $0.adapted) }, threads: Runtime.kernelThreads)
        keepsPasses = memory.keptPasses > 0
        passBytes = MemoryEstimate.passBytes(config, model: model, promptTokens: promptTokens)
        threads = Runtime.threads
        precision = config.precision.rawValue
        device = config.device.rawValue
        products = withDevice(config.device) { Runtime.productKernel(config.precision) }
        libtorch = Runtime.version
    }

    /// Sampling's passes are the update's where both compute alike, the weights have not changed, and a pass is made once.
    static func mayKeepPasses(_ config: TrainConfig) -> Bool {
        !config.training.checkpointsGradients
            && config.training.miniBatches * config.training.epochs == 1
            && config.precision == .float32 && config.device == .cpu && !Runtime.usesLibraryOperators
    }

    /// The first step and every fiftieth after it make their passes again, so that a sampler which differs from the trainer shows
    /// (`mismatch/*` and its alarm).
    static func makesPassesAgain(step: Int) -> Bool { step % 50 == 1 }

    /// All batch sizes in one sentence.
    public func batchSentence(_ config: TrainConfig) -> String {
        let most =
            maxPromptsPerStep == promptsPerStep
            ? (config.algorithm.rolloutPlan.allocation == nil ? "" : "; learning value decides how many of each prompt")
            : "; groups without contrast are replaced, up to \(maxPromptsPerStep) prompts a step"
        return
            "Each step samples \(config.rollout.completionsPerPrompt) completions for each of \(promptsPerStep) prompts "
            + "(\(completionsPerStep) completions, the rollout batch\(most)), and makes \(updatesPerStep) optimiser update\(updatesPerStep == 1 ? "" : "s") "
            + "of up to \(completionsPerUpdate) completions (the mini-batch), each computed in forward passes of at most "
            + "\(config.training.microBatchTokens) tokens (the micro-batch, which changes memory but no number)."
    }

    /// Says what memory would make updates faster, where `kept_pass_megabytes` is too little and not 0.
    public func passSentence(_ config: TrainConfig) -> String? {
        guard !keepsPasses, config.training.keptPassBytes > 0, ResolvedRun.mayKeepPasses(config) else { return nil }
        let needed = (passBytes + (1 << 20) - 1) >> 20
        return
            "Updates make the passes of sampling again: they would take \(needed) MB, and training.kept_pass_megabytes is "
            + "\(config.training.keptPassBytes >> 20)."
    }

    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(self)
    }
}
