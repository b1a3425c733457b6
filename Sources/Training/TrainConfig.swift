// What the user of `maxwell train` wrote: every key with its default, in one place.

public import Algorithms
public import ConfigCoding
public import Environments
public import Torch

/// The configuration of a reinforcement fine-tuning run. `ResolvedRun` holds what follows from it.
public struct TrainConfig: Sendable {
    /// A Hugging Face model folder.
    public var model: String
    /// What is trained in place of the model's own weights; nil trains them all.
    public var adapters: AdapterStart?
    /// The run folder.
    public var output: String
    public var seed: UInt64
    /// Threads of libtorch; nil leaves its choice. Runs repeat bit for bit only at equal thread counts.
    public var threads: Int?
    /// What the operands of matrix products are rounded to, in sampling and in training; weights and statistics are float32.
    public var precision: ComputePrecision
    /// Where tensors live. The CPU unless asked for: what runs on a GPU has not been tested on one.
    public var device: Device
    public var environment: any Environment
    public var environmentName: String
    /// JSONL of problems; nil takes the environment's own train split.
    public var prompts: String?
    /// How that file is read and gone through.
    public var data: ProblemData
    public var algorithm: Algorithm
    /// The folder of the frozen reference policy; nil where no part of the algorithm reads one.
    public var reference: String?
    /// Nil: the run goes on to its last step.
    public var earlyStopping: EarlyStopping?
    public var rollout: RolloutSettings
    public var optimiser: OptimiserSettings
    public var training: TrainingSettings
    public var checkpoint: CheckpointSettings
    public var guards: GuardSettings
    /// Also store per-token statistics in `rollouts.sqlite`.
    public var storesTokenStatistics: Bool
    /// Features of the latent dynamics that are watched; 0 watches none.
    public var latentDimensions: Int
    /// The YAML, verbatim.
    public var sourceText: String

    /// Decodes a whole file strictly: every key is known or refused.
    /// - Throws: `ConfigError`, `EnvironmentError`.
    public init(_ root: ConfigSection) throws {
        sourceText = root.sourceText
        model = try root.required("model", as: String.self)
        adapters = try AdapterStart(root)
        output = try root.required("output", as: String.self)
        seed = UInt64(try root.value("seed", default: 1, in: 0...Int.max))
        threads = try root.optional("threads", as: Int.self, in: 1...1024)
        precision = try root.choice("precision", default: .float32)
        device = try root.choice("device", default: .cpu)
        let task = try root.section("environment")
        environmentName = try task.value("name", default: "countdown")
        environment = try EnvironmentCatalogue.environment(from: task, seed: seed)
        prompts = try root.optional("prompts", as: String.self)
        if prompts == nil, root.has("data") {
            throw root.fault(
                .missingKey, "data", "says how a file of problems is used; name the file with prompts: FILE.jsonl")
        }
        data = try ProblemData(from: try root.section("data"))
        algorithm = try AlgorithmCatalogue.algorithm(from: try root.section("algorithm"))
        reference = try Self.reference(root, algorithm, initial: model)
        rollout = try RolloutSettings(try root.section("rollout"), device: device)
        optimiser = try OptimiserSettings(try root.section("optimiser"))
        training = try TrainingSettings(try root.section("training"))
        checkpoint = try CheckpointSettings(try root.section("checkpoint"))
        guards = try GuardSettings(try root.section("guards"))
        if root.has("thermostat") { algorithm.controllers.append(try Thermostat(from: try root.section("thermostat"))) }
        earlyStopping =
            root.has("early_stopping") ? try EarlyStopping(from: try root.section("early_stopping")) : nil
        storesTokenStatistics = try root.section("logging").value("token_statistics", default: false)
        latentDimensions = try root.section("logging").value("latent_dynamics", default: 0, in: 0...64)
        if adapters != nil, root.has("early_stopping") {
            throw root.fault(
                .outOfRange, "early_stopping",
                "cannot go back to a peak beside lora: a peak is kept as merged weights; leave one of them out")
        }
        try root.finish()
        if rollout.completionsPerPrompt < algorithm.credit.smallestGroup {
            throw try root.section("rollout").fault(
                .outOfRange, "completions_per_prompt",
                "(\(rollout.completionsPerPrompt)) must be at least "
                    + "\(algorithm.credit.smallestGroup) for \(algorithm.name) as configured")
        }
        if let allocation = algorithm.rolloutPlan.allocation {
            let pilot = allocation.pilot(of: rollout.completionsPerPrompt)
            guard pilot >= algorithm.credit.smallestGroup else {
                throw try root.section("algorithm").fault(
                    .outOfRange, "pilot_completions",
                    "(\(pilot)) must be at least \(algorithm.credit.smallestGroup) for \(algorithm.name) as configured")
            }
        }
        if algorithm.steersSteps, !training.measuresEntropy || training.measuresEvery > 1 {
            throw try root.section("training").fault(
                .outOfRange, training.measuresEntropy ? "measure_every" : "measure_entropy",
                "must be \(training.measuresEntropy ? "1" : "true") beside a thermostat, which steers and reports by the "
                    + "gradient of the measured entropy")
        }
        if training.miniBatches > rollout.promptsPerStep {
            throw try root.section("training").fault(
                .outOfRange, "mini_batches",
                "(\(training.miniBatches)) cannot exceed rollout.prompts_per_step (\(rollout.promptsPerStep)): "
                    + "a mini-batch holds whole groups")
        }
    }

    /// What the configuration asks for and will not get, one sentence each.
    public var warnings: [String] {
        guard training.miniBatches * training.epochs == 1 else { return [] }
        return algorithm.regularisers.filter { !$0.actsOnPolicy }.map {
            "\($0.name) does nothing with one update per step, where every ratio is 1; set training.mini_batches or "
                + "training.epochs to at least 2"
        }
    }

    /// `reference:` a model folder, or `initial`, the default: the model that the run starts from.
    private static func reference(
        _ root: ConfigSection, _ algorithm: Algorithm, initial: String
    ) throws -> String? {
        let written = try root.optional("reference", as: String.self)
        guard algorithm.reads.contains(.reference) else {
            guard written == nil else {
                throw root.fault(
                    .unknownKey, "reference",
                    "has no effect, because \(algorithm.name) as configured reads no reference policy; set "
                        + "algorithm.kl_coefficient or remove it")
            }
            return nil
        }
        return written == nil || written == "initial" ? initial : written
    }
}

/// `rollout:` what is sampled in each step.
public struct RolloutSettings: Sendable {
    public var promptsPerStep: Int
    public var completionsPerPrompt: Int
    public var temperature: Double
    public var maxNewTokens: Int
    /// Completions decoded at once.
    public var slots: Int
    /// Decoding steps run as graphs of the device's work (docs/decisions/0005-cuda.md).
    public var graphs: Bool

    init(_ section: ConfigSection, device: Device) throws {
        promptsPerStep = try section.value("prompts_per_step", default: 32, in: 1...1_000_000)
        completionsPerPrompt = try section.value("completions_per_prompt", default: 16, in: 1...10_000)
        temperature = try section.value("temperature", default: 1.0, in: 0.01...100)
        maxNewTokens = try section.value("max_new_tokens", default: 256, in: 1...1_000_000)
        slots = try section.value("slots", default: 256, in: 1...65_536)
        graphs = try section.value("graphs", default: false)
        if graphs, device == .cpu {
            throw section.fault(
                .outOfRange, "graphs",
                "cannot be true on device cpu, which has no graphs; set device: cuda or remove it")
        }
    }
}

/// `optimiser:` AdamW and its learning rate.
public struct OptimiserSettings: Sendable {
    public var learningRate: Double
    public var schedule: LearningRateSchedule.Shape
    public var warmupUpdates: Int
    var adamW: AdamW.Options

    init(_ section: ConfigSection) throws {
        learningRate = try section.value("learning_rate", default: 1e-6, in: 0...10)
        schedule = try section.choice("schedule", default: .constant)
        warmupUpdates = try section.value("warmup_updates", default: 0, in: 0...1_000_000_000)
        adamW = AdamW.Options(
            beta1: try section.value("beta1", default: 0.9, in: 0...0.9999999),
            beta2: try section.value("beta2", default: 0.999, in: 0...0.9999999),
            epsilon: try section.value("epsilon", default: 1e-8, in: 1e-30...1),
            weightDecay: try section.value("weight_decay", default: 0, in: 0...10),
            maxGradientNorm: try section.value("max_gradient_norm", default: 1, in: 1e-12 ... .infinity))
    }
}

/// `training:` how often, and how a step's completions become updates.
public struct TrainingSettings: Sendable {
    /// Rollout batches.
    public var steps: Int
    /// Equal shares of a step's prompts, one optimiser update each; 1 is on-policy.
    public var miniBatches: Int
    /// Passes over a step's completions.
    public var epochs: Int
    /// Tokens of one forward pass, a shared prompt counted once; changes memory, not results.
    public var microBatchTokens: Int
    /// Sampled tokens of completions with which the run ends, after the step that reaches them; nil lets the steps end
    /// it. The learning rate still follows the schedule of all steps.
    public var tokenBudget: Int?
    /// Keeps only every layer's input between a forward pass and its gradients, and computes the layer again.
    public var checkpointsGradients: Bool
    /// In float32 on a CPU, with one update per step, sampling keeps its passes and the update does not make them again, but for
    /// every fiftieth (docs/decisions/0007-kept-passes.md), where a step's take no more than this; 0 keeps none.
    public var keptPassBytes: Int
    /// Computes the parameter-space prediction and the measured entropy change.
    public var measuresEntropy: Bool
    /// Of so many updates one is measured, beginning with the first.
    public var measuresEvery: Int

    init(_ section: ConfigSection) throws {
        steps = try section.value("steps", default: 100, in: 1...100_000_000)
        miniBatches = try section.value("mini_batches", default: 1, in: 1...1_000_000)
        epochs = try section.value("epochs", default: 1, in: 1...1000)
        microBatchTokens = try section.value("micro_batch_tokens", default: 2048, in: 1...100_000_000)
        tokenBudget = try section.optional("token_budget", as: Int.self, in: 1...Int.max)
        checkpointsGradients = try section.value("gradient_checkpointing", default: false)
        keptPassBytes = try section.value("kept_pass_megabytes", default: 512, in: 0...1_000_000) << 20
        measuresEntropy = try section.value("measure_entropy", default: true)
        measuresEvery = try section.value("measure_every", default: 1, in: 1...1_000_000)
        if !measuresEntropy, section.has("measure_every") {
            throw section.fault(.unknownKey, "measure_every", "has no effect where measure_entropy is false; remove it")
        }
    }

    /// Whether the update after so many others is measured.
    func measures(after updates: Int) -> Bool { measuresEntropy && updates % measuresEvery == 0 }
}

/// `checkpoint:` when the run is saved.
public struct CheckpointSettings: Sendable {
    /// Steps between checkpoints; the last step always makes one.
    public var every: Int
    /// How many stay.
    public var keep: Int

    init(_ section: ConfigSection) throws {
        every = try section.value("every", default: 20, in: 1...100_000_000)
        keep = try section.value("keep", default: 2, in: 1...1_000_000)
    }
}
