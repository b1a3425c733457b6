// `maxwell merge`: a model folder with LoRA adapters worked into its weights.

import ArgumentParser
import Foundation
import Models
import Torch

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Works LoRA adapters in PEFT's format into a model's weights.")

    @Option(help: "A Hugging Face model folder.") var model: String
    @Option(help: "A PEFT folder with adapters of the model.") var adapter: String
    @Option(help: "The folder to write, which must not exist.") var out: String
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        guard !FileManager.default.fileExists(atPath: out) else {
            throw CommandError("\(out) exists; name a folder that does not")
        }
        try Runtime.prepare()
        let merged = try AdapterFolder.load(adapter, base: model)
        try withTorchErrors { try ModelFolder.save(merged, to: out, companions: ModelCompanions(model)) }
        struct Result: Encodable { var model: String, rank: Int, alpha: Double }
        let settings = merged.settings
        if json {
            try printJSON(Result(model: out, rank: settings.rank, alpha: settings.alpha))
        } else {
            print(
                "The model is \(out), with adapters of rank \(settings.rank) and alpha \(settings.alpha) in its weights."
            )
        }
    }
}
