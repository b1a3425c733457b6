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
    /// Weights, gradients, Adam's two moments, the measured direction, and for a thermostat that acts on the gradient what it adds
    /// to it; for adapters also the adapted weights before them and their gradient: bytes.
    public var trainingStateBytes: Int
    /// Weights of the frozen reference, taken to be as large as the model; 0 without one: bytes.
    public var referenceBytes: Int
    /// Keys and values of all slots, beside those of the prompts: bytes.
    public var cacheBytes: Int
    public var threads: Int
    public var device: String
    public var precision: String
    /// The kernel that computes matrix products at that precision on this machine.
    public var products: String
    public var libtorch: String

    /// - Throws: `ModelError` about a folder of adapters.
    public init(_ config: TrainConfig, model: ModelConfig) throws {
        parameters = model.parameterCount
        let adapters = try config.adapters?.settings().counts(in: model)
        let trained = adapters?.adapters ?? model.parameterCount
        trainedParameters = trained
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
        let addsGradient = config.algorithm.controllers.contains {
            [.flowScaling, .entropyCoefficient].contains(($0 as? Thermostat)?.settings.actuator)
        }
        let copies = 4 + (config.training.measuresEntropy ? 1 : 0) + (addsGradient ? 1 : 0)
        trainingStateBytes =
            4 * (adapters.map { model.parameterCount + 2 * $0.adapted + trained * copies } ?? trained * copies)
        referenceBytes = config.reference == nil ? 0 : 4 * parameters
        let slots = min(config.rollout.slots, completionsPerStep)
        let perPosition = 8.0 * Double(model.layers * model.keyValueHeads * model.headSize)
        cacheBytes = Int(min(Double(slots) * Double(config.rollout.maxNewTokens) * perPosition, 9e18))
        threads = Runtime.threads
        precision = config.precision.rawValue
        device = config.device.rawValue
        products = withDevice(config.device) { Runtime.productKernel(config.precision) }
        libtorch = Runtime.version
    }

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

    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(self)
    }
}
