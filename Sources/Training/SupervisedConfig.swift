// What the user of `maxwell sft` wrote: every key with its default, in one place.

public import ConfigCoding
public import Environments
public import Models
public import Torch

/// The configuration of a supervised run: a warm start for reinforcement.
public struct SupervisedConfig: Sendable {
    public var output: String
    public var seed: UInt64
    public var threads: Int?
    /// What the operands of matrix products are rounded to; weights and statistics are float32.
    public var precision: ComputePrecision
    /// Where tensors live. The CPU unless asked for: what runs on a GPU has not been tested on one.
    public var device: Device
    public var start: ModelStart
    /// What is trained in place of the model's own weights; nil trains them all.
    public var adapters: AdapterStart?
    public var environment: any Environment
    /// JSONL with `prompt` and `completion`, or with `messages`; nil takes the environment's own demonstrations.
    public var examples: String?
    /// How that file's lines are read, and which of them are held out.
    public var mapping: ProblemMapping
    public var split: ProblemSplit
    public var optimiser: OptimiserSettings
    /// Optimiser updates.
    public var steps: Int
    /// Examples of one update.
    public var examplesPerStep: Int
    public var microBatchTokens: Int
    /// Keeps only every layer's input between a forward pass and its gradients, and computes the layer again.
    public var checkpointsGradients: Bool
    public var checkpoint: CheckpointSettings
    public var sourceText: String

    /// Decodes a whole file strictly: every key is known or refused.
    public init(_ root: ConfigSection) throws {
        sourceText = root.sourceText
        output = try root.required("output", as: String.self)
        seed = UInt64(try root.value("seed", default: 1, in: 0...Int.max))
        threads = try root.optional("threads", as: Int.self, in: 1...1024)
        precision = try root.choice("precision", default: .float32)
        device = try root.choice("device", default: .cpu)
        start = try ModelStart(try root.section("model"))
        adapters = try AdapterStart(root)
        if adapters != nil, case .fresh = start {
            throw root.fault(.missingKey, "lora", "needs model.path: adapters change a model that exists")
        }
        environment = try EnvironmentCatalogue.environment(from: try root.section("environment"), seed: seed)
        examples = try root.optional("examples", as: String.self)
        if examples == nil, root.has("data") {
            throw root.fault(.missingKey, "data", "says how a file is read; name the file with examples: FILE.jsonl")
        }
        mapping = try ProblemMapping(from: try root.section("data"))
        split = try ProblemSplit(from: try root.section("data"))
        optimiser = try OptimiserSettings(try root.section("optimiser"))
        let training = try root.section("training")
        steps = try training.value("steps", default: 1000, in: 1...100_000_000)
        examplesPerStep = try training.value("examples_per_step", default: 64, in: 1...1_000_000)
        microBatchTokens = try training.value("micro_batch_tokens", default: 2048, in: 1...100_000_000)
        checkpointsGradients = try training.value("gradient_checkpointing", default: false)
        checkpoint = try CheckpointSettings(try root.section("checkpoint"))
        try root.finish()
    }
}

/// `model:` an existing folder, or an architecture to initialise with a tokenizer.
public enum ModelStart: Sendable {
    case folder(String)
    case fresh(tokenizer: String, stopToken: String, architecture: ModelConfig)

    init(_ section: ConfigSection) throws {
        if let path = try section.optional("path", as: String.self) {
            self = .folder(path)
            return
        }
        let hidden = try section.value("hidden_size", default: 128, in: 2...65_536)
        let heads = try section.value("heads", default: 4, in: 1...1024)
        let family = try section.choice("family", default: ModelFamily.qwen2.name, among: ModelCatalogue.names)
        let shared = try section.value("key_value_heads", default: heads, in: 1...1024)
        let size = try section.optional("head_size", as: Int.self, in: 2...65_536)
        if let size, size % 2 != 0 {
            throw section.fault(.outOfRange, "head_size", "must be even, got \(size): its halves are rotated")
        }
        guard size != nil || hidden % (2 * heads) == 0 else {
            throw section.fault(
                .outOfRange, "hidden_size", "(\(hidden)) must be a multiple of twice model.heads (\(heads))")
        }
        guard heads % shared == 0 else {
            throw section.fault(
                .outOfRange, "key_value_heads", "(\(shared)) must divide model.heads (\(heads))")
        }
        self = .fresh(
            tokenizer: try section.required("tokenizer", as: String.self),
            stopToken: try section.value("stop_token", default: "<|endoftext|>"),
            architecture: ModelConfig(
                family: ModelCatalogue.family(family) ?? .qwen2,
                vocabularySize: try section.value("vocabulary_size", default: 0, in: 0...10_000_000),
                hiddenSize: hidden,
                layers: try section.value("layers", default: 4, in: 1...1000), heads: heads, keyValueHeads: shared,
                headSize: size,
                intermediateSize: try section.value("intermediate_size", default: 3 * hidden, in: 1...1_000_000),
                rotaryBase: try section.value("rotary_base", default: 10_000, in: 1...1e12),
                contextLength: try section.value("context_length", default: 256, in: 2...10_000_000),
                tiesEmbeddings: try section.value("tie_embeddings", default: true), stopTokens: []))
    }
}
