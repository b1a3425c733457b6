// A model folder opened for a command: weights, tokenizer, threads.

import ArgumentParser
import Models
import Torch
import Training

/// `--model` and `--threads`, shared by the commands that run a model.
struct ModelOptions: ParsableArguments {
    @Option(help: "A Hugging Face model folder.") var model: String
    @Option(help: "Threads of libtorch; its own choice if not given.") var threads: Int?

    func load() throws -> (model: any LanguageModel, vocabulary: Vocabulary) {
        try Runtime.prepare(threads: threads)
        let loaded = try ModelFolder.load(model)
        return (loaded, try Vocabulary(folder: model, model: loaded.config))
    }

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
    }
}
