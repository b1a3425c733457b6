// What the training tests share: a scratch folder, a tiny model that solves one-number Countdown, and runs of it.

import ConfigCoding
import Foundation
import Models
import Runs
import Testing
import Torch
import Training
import Trajectories

/// A folder that is removed with the value.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "training-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

enum TinyRun {
    /// The checkout.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()
    static let tokenizer = root + "models/countdown-tokenizer"

    /// Writes nine problems whose answer is the one number they show.
    static func writeProblems(to path: String) throws {
        let lines = (1...9).map {
            #"{"prompt": "\#($0)=\#($0)\n", "completion": "\#($0)", "numbers": [\#($0)], "target": \#($0)}"#
        }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
    }

    static func supervised(output: String, problems: String, steps: Int, every: Int = 1_000) throws -> SupervisedConfig
    {
        try SupervisedConfig(
            try ConfigSection.parse(
                """
                output: \(output)
                seed: 4
                threads: 1
                model:
                  tokenizer: \(tokenizer)
                  hidden_size: 16
                  layers: 1
                  heads: 2
                  intermediate_size: 32
                  context_length: 32
                examples: \(problems)
                training:
                  steps: \(steps)
                  examples_per_step: 9
                  micro_batch_tokens: 20
                optimiser:
                  learning_rate: 2e-2
                checkpoint:
                  every: \(every)
                  keep: 1
                """, name: "sft.yaml"))
    }

    /// The YAML of a small reinforcement run; `changes` are `old: new` replacements of whole lines.
    static func yaml(
        model: String, output: String, problems: String, algorithm: String = "clip_v", learningRate: String = "3e-3"
    )
        -> String
    {
        """
        model: \(model)
        output: \(output)
        seed: 5
        threads: 1
        prompts: \(problems)
        environment:
          name: countdown
        algorithm:
          name: \(algorithm)
          entropy_coefficient: 0.01
        rollout:
          prompts_per_step: 4
          completions_per_prompt: 6
          max_new_tokens: 4
          slots: 7
        optimiser:
          learning_rate: \(learningRate)
          warmup_updates: 2
          weight_decay: 0.01
        training:
          steps: 6
          micro_batch_tokens: 40
        checkpoint:
          every: 2
          keep: 2
        """
    }

    /// `steps` stops a run early; unlike an override it is no other configuration to whoever resumes.
    static func config(_ yaml: String, _ overrides: [String] = [], steps: Int? = nil) throws -> TrainConfig {
        var config = try TrainConfig(try ConfigSection.parse(yaml, name: "tiny.yaml", overrides: overrides))
        if let steps { config.training.steps = steps }
        return config
    }
}

/// A folder with `problems.jsonl` and `model`, warm-started until some of its completions are right.
struct WarmStart: ~Copyable {
    let scratch: Scratch
    var problems: String { scratch("problems.jsonl") }
    var model: String { scratch("model") }

    init() throws {
        try Runtime.prepare(threads: 1)
        let folder = try Scratch()
        try TinyRun.writeProblems(to: folder("problems.jsonl"))
        let config = try TinyRun.supervised(output: folder("sft"), problems: folder("problems.jsonl"), steps: 25)
        let checkpoint = try SupervisedRun(config, resume: false).run()
        try FileManager.default.copyItem(atPath: checkpoint, toPath: folder("model"))
        scratch = folder
    }

    func yaml(_ output: String, algorithm: String = "clip_v", learningRate: String = "3e-3") -> String {
        TinyRun.yaml(
            model: model, output: scratch(output), problems: problems, algorithm: algorithm, learningRate: learningRate)
    }
}

/// All weights of a model folder by name, as bits.
func weights(_ folder: String) throws -> [String: [UInt32]] {
    let file = try SafetensorsFile(folder + "/model.safetensors")
    var result: [String: [UInt32]] = [:]
    for name in file.names { result[name] = try withTorchErrors { try file.tensor(name).floats.map(\.bitPattern) } }
    return result
}

func timeless(_ path: String) throws -> [MetricsRecord] { try MetricsLog.read(file: path).map(\.withoutWallClock) }

/// A random model, some random sequences for it, and random derivatives per token.
struct UpdateCase {
    let model: any LanguageModel
    let sequences: [TrainingSequence]
    let derivatives: TokenDerivatives

    init(seed: UInt64 = 1, tied: Bool = true, sequences count: Int = 9) throws {
        try Runtime.prepare(threads: 1)
        model = try ModelFolder.initialise(
            ModelConfig(
                vocabularySize: 23, hiddenSize: 16, layers: 1, heads: 4, keyValueHeads: 2, intermediateSize: 24,
                contextLength: 32, tiesEmbeddings: tied, stopTokens: [0]), seed: seed, deviation: 0.3)
        var random = RandomSource(seed: seed, purpose: .testing)
        func tokens(_ count: Int) -> [Int32] { (0..<count).map { _ in Int32(random.integer(below: 23)) } }
        var made: [TrainingSequence] = []
        for index in 0..<count {
            // prompts of 1, 2, 3, 1, 2, 3, ... completions
            let isFresh = [0, 1, 3].contains(index % 6)
            let prompt = isFresh ? tokens(1 + random.integer(below: 6)) : made[index - 1].prompt
            made.append(TrainingSequence(prompt: prompt, tokens: tokens(1 + random.integer(below: 8))))
        }
        sequences = made
        let total = made.reduce(0) { $0 + $1.tokens.count }
        func numbers() -> [Float] { (0..<total).map { _ in Float((2 * random.uniform() - 1) / Double(total)) } }
        derivatives = TokenDerivatives(g1: numbers(), g2: numbers())
    }

    func values() throws -> [[Float]] { try withTorchErrors { model.parameters.map { $0.tensor.floats } } }

    func set(_ values: [[Float]]) throws {
        try withTorchErrors {
            for (parameter, own) in zip(model.parameters, values) {
                parameter.tensor.assign(Tensor(own, shape: parameter.tensor.shape))
            }
        }
    }

    func updater(microBatchTokens: Int = 1_000, keptGraphTokens: Int = 65_536) -> PolicyUpdater {
        PolicyUpdater(
            model: model, temperature: 0.9, microBatchTokens: microBatchTokens, keptGraphTokens: keptGraphTokens)
    }

    /// An optimiser whose step is −rate · gradient to five digits: with an ε above every gradient AdamW is descent.
    static let descent = AdamW.Options(beta1: 0, beta2: 0, epsilon: 1e6, weightDecay: 0, maxGradientNorm: .infinity)

    func update(
        _ updater: PolicyUpdater, options: AdamW.Options = descent, rate: Double, measures: Bool = true
    ) throws -> UpdateReport {
        var optimiser = try withTorchErrors { AdamW(model.parameters.map(\.tensor), options: options) }
        return try updater.update(
            sequences, optimiser: &optimiser, learningRate: rate * (options.epsilon > 1 ? options.epsilon : 1),
            measures: measures
        ) { _ in derivatives }
    }
}
