// A model folder opened for a command: weights, tokenizer, threads.

public import ArgumentParser
import Models
public import Torch
import Training

/// `--model`, `--adapter`, `--threads`, `--precision` and `--device`, shared by the commands that run a model.
struct ModelOptions: ParsableArguments {
    @Option(help: "A Hugging Face model folder.") var model: String
    @Option(help: "A PEFT folder with LoRA adapters of the model.") var adapter: String?
    @Option(help: "Threads of libtorch; its own choice if not given.") var threads: Int?
    @Option(help: "What matrix products take their operands as; bfloat16x3 is the sum of two bfloat16 numbers.")
    var precision =
        ComputePrecision.float32
    @Option(help: "Where the model runs: cpu or cuda.") var device = Device.cpu

    func load() throws -> (model: any LanguageModel, vocabulary: Vocabulary) {
        try Runtime.prepare(threads: threads)
        Runtime.precision = precision
        Runtime.device = try device.checked()
        let loaded: any LanguageModel =
            try adapter.map { try AdapterFolder.load($0, base: model) } ?? ModelFolder.load(model)
        return (loaded, try Vocabulary(folder: model, model: loaded.config))
    }

    func validate() throws {
        try OptionBounds.check(threads: threads)
    }
}

extension ComputePrecision: ExpressibleByArgument {}
extension Device: ExpressibleByArgument {}

/// Bounds of options, shared by the commands.
enum OptionBounds {
    /// Those of the configurations' `threads`.
    static func check(threads: Int?) throws { if let threads { try check("--threads", threads, atMost: 1024) } }

    /// For counts that memory is reserved for.
    static func check(_ option: String, _ count: Int, atMost limit: Int = 1_000_000) throws {
        guard (1...limit).contains(count) else {
            throw ValidationError("\(option) must lie in 1...\(limit), got \(count)")
        }
    }

    static func check(samples: Int, maxNewTokens: Int, temperature: Double) throws {
        try check("--samples", samples)
        guard maxNewTokens >= 1 else {
            throw ValidationError("--max-new-tokens must be at least 1, got \(maxNewTokens)")
        }
        guard temperature > 0, temperature.isFinite else {
            throw ValidationError("--temperature must be positive, got \(temperature)")
        }
    }
}
