// What a run will occupy at its peak, part by part, from its configuration and the model's sizes alone.

import Algorithms
import Models
import Torch

/// Bytes of each part of a run; `peak` is what resident memory comes to in the fullest moment, the backward pass of an update.
///
/// Counted from what the operators keep for their backward passes on a CPU; docs/models.md has estimates beside measured peaks.
/// Void on another device, where the parts are the same and the process and the allocator are not.
public struct MemoryEstimate: Sendable, Codable, Equatable {
    /// The program, libtorch and a tokenizer, before a model is there.
    public var process: Int
    /// Weights and Adam's two moments.
    public var weights: Int
    /// Weights of the frozen reference, taken to be as large as the model; 0 without one.
    public var reference: Int
    /// Copies of weights in the order in which the kernels read them, as long as an update lasts.
    public var packedWeights: Int
    /// Such copies that only forward passes and decoding read: gone when gradients are made.
    public var forwardCopies: Int
    /// The update's gradient, that of the entropy where it is measured, what a thermostat adds, and one layer's of a micro-batch.
    public var gradients: Int
    /// What forward passes keep for their backward passes.
    public var activations: Int
    /// What the backward pass of one layer needs beside.
    public var backward: Int
    /// Keys and values of all slots, beside those of the prompts; gone when an update begins.
    public var cache: Int
    /// The passes that sampling keeps for the update, if it keeps any.
    public var keptPasses: Int

    /// Sampling and updating take turns: the larger of the two counts.
    public var peak: Int {
        process + weights + reference + packedWeights + keptPasses + max(sampling, gradients + activations + backward)
    }
    /// What sampling needs beside all that stays.
    public var sampling: Int { cache + forwardCopies }

    /// - Parameters:
    ///   - promptTokens: of a usual prompt; each is computed once for all its completions.
    ///   - adapters: scalars of the adapters and of the weights they adapt.
    ///   - threads: each sums gradients of its own where the model is small (`ThreadShares`).
    init(
        _ config: TrainConfig, model: ModelConfig, promptTokens: Int, adapters: (trained: Int, adapted: Int)? = nil,
        threads: Int
    ) {
        let shares = ThreadShares.updating(model, threads: threads)
        let rows = Self.rows(config, promptTokens: promptTokens)
        let longest = promptTokens.adding(config.rollout.maxNewTokens)
        let microBatch = min(rows, max(config.training.microBatchTokens, longest))
        let trained = adapters?.trained ?? model.parameterCount

        // resident before a model of a few tokens is trained, as measured: doctor's 144 MB and what the first step touches
        process = 160_000_000
        weights = 4 * (model.parameterCount + 2 * trained + (adapters?.adapted ?? 0))
        reference = config.reference == nil ? 0 : 4 * model.parameterCount
        let keepsGraphs = rows <= PolicyUpdater.defaultKeptGraphTokens
        let perWeight = config.precision.operandBytes
        let layers = model.layers * model.layerParameterCount
        // of the weights that an update writes, unless it makes forward passes again
        let released = keepsGraphs && !config.training.checkpointsGradients ? adapters?.adapted ?? layers : 0
        forwardCopies = perWeight * released
        // copies for forward and for backward passes; float32 keeps only the first
        let copies = config.precision == .float32 ? 1 : 2
        packedWeights = perWeight * (copies * layers - released + model.vocabularySize * model.hiddenSize)

        let addsGradient = config.algorithm.controllers.contains {
            [.flowScaling, .entropyCoefficient].contains(($0 as? Thermostat)?.settings.actuator)
        }
        let sums = 1 + (config.training.measuresEntropy ? 1 : 0) + (addsGradient ? 1 : 0)
        gradients = 4 * shares * (sums * trained + model.layerParameterCount)

        let kept = keepsGraphs ? rows : microBatch
        let (perRow, backwardPerRow) = model.layerBytesPerRow(config.precision)
        activations =
            config.training.checkpointsGradients
            ? kept.saturating(4 * model.layers * model.hiddenSize).adding(microBatch.saturating(perRow))
            : kept.saturating(model.layers * perRow)
        backward = min(rows, microBatch.saturating(shares)).saturating(backwardPerRow)
        let slots = min(
            config.rollout.slots, config.rollout.promptsPerStep.saturating(config.rollout.completionsPerPrompt))
        let numberBytes = withPrecision(config.precision) { KeyValuePanels.numberBytes }
        let perPosition = 2 * numberBytes * model.layers * model.keyValueHeads * model.headSize
        cache = slots.saturating(config.rollout.maxNewTokens).saturating(perPosition)
        let passes = Self.passBytes(config, model: model, promptTokens: promptTokens)
        keptPasses = ResolvedRun.mayKeepPasses(config) && passes <= config.training.keptPassBytes ? passes : 0
    }

    /// What sampling's passes of one update take where they are kept.
    static func passBytes(_ config: TrainConfig, model: ModelConfig, promptTokens: Int) -> Int {
        rows(config, promptTokens: promptTokens).saturating(model.keptBytesPerRow)
    }

    /// Rows of an update's forward passes: a prompt counts once for its completions, which are as long as they may be.
    private static func rows(_ config: TrainConfig, promptTokens: Int) -> Int {
        let groups = (config.rollout.promptsPerStep + config.training.miniBatches - 1) / config.training.miniBatches
        let completions = config.rollout.completionsPerPrompt.saturating(config.rollout.maxNewTokens)
        return groups.saturating(promptTokens.adding(completions))
    }
}

extension Int {
    /// Products and sums of sizes that a configuration may make absurd: at the end of the range instead of over it.
    fileprivate func saturating(_ factor: Int) -> Int {
        let (product, isHuge) = multipliedReportingOverflow(by: factor)
        return isHuge ? .max / 16 : Swift.min(product, .max / 16)
    }

    fileprivate func adding(_ other: Int) -> Int { Swift.min(self, .max / 16) + Swift.min(other, .max / 16) }
}
