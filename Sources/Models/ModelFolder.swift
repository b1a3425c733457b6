// Hugging Face model folders: reading weights (single or sharded) and writing a folder that transformers opens.

import Foundation
import Torch

/// A folder with `config.json`, safetensors weights, `tokenizer.json` and `generation_config.json`.
public enum ModelFolder {
    /// Loads a model in float32.
    /// - Throws: `ModelError` naming file and field, or `TorchError` for a damaged weights file.
    public static func load(_ folder: String) throws -> any LanguageModel { try decoder(folder) }

    static func decoder(_ folder: String) throws -> Transformer {
        let config = try ModelConfig(folder: folder)
        let weights = try WeightFiles(folder)
        return try withTorchErrors {
            try Transformer(config: config) { name, shape in
                let tensor = try weights.tensor(name)
                guard tensor.shape == shape else {
                    throw ModelError(
                        .wrongShape, "\(folder): '\(name)' has shape \(tensor.shape), config.json implies \(shape)",
                        place: folder)
                }
                return tensor.dtype == .float32 ? tensor : tensor.cast(to: .float32)
            }
        }
    }

    /// Writes `config.json` and `model.safetensors`, and the companions.
    ///
    /// The companions' config fields that Maxwell does not interpret are kept. The folder must be writable.
    public static func save(_ model: any LanguageModel, to folder: String, companions: ModelCompanions) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var fields = model.config.json
            if let original = try companions.files["config.json"].map({ try JSONSerialization.jsonObject(with: $0) })
                as? [String: Any]
            {
                fields = original
                // the weights written here are float32 whatever they were loaded from
                for key in ["torch_dtype", "dtype"] where original[key] != nil { fields[key] = "float32" }
            }
            var files = companions.files
            files["config.json"] = try JSONSerialization.data(
                withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            for (name, bytes) in files {
                try bytes.write(to: URL(fileURLWithPath: folder + "/" + name), options: .atomic)
            }
        } catch {
            throw ModelError(
                .unwritable, "cannot write the model to \(folder): \(error.localizedDescription)", place: folder,
                cause: error)
        }
        try Safetensors.write(
            model.weights.map { ($0.name, $0.tensor) }, metadata: ["format": "pt"], to: folder + "/model.safetensors"
        )
    }
}

/// The files of a model folder beside its weights, read once: the folder may be renamed or pruned while a run goes on.
public struct ModelCompanions: Sendable {
    private static let names = [
        "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "special_tokens_map.json",
        "vocab.json", "merges.txt", "added_tokens.json", "chat_template.jinja",
    ]
    let files: [String: Data]

    /// - Parameter folder: nil, or a folder without such files, gives none.
    public init(_ folder: String?) {
        var files: [String: Data] = [:]
        for name in Self.names {
            files[name] = folder.flatMap { FileManager.default.contents(atPath: $0 + "/" + name) }
        }
        self.files = files
    }
}

/// The weights of a folder: `model.safetensors`, or shards named by `model.safetensors.index.json`.
private struct WeightFiles {
    private let folder: String
    private var fileOf: [String: SafetensorsFile] = [:]

    init(_ folder: String) throws {
        self.folder = folder
        let single = folder + "/model.safetensors"
        let index = folder + "/model.safetensors.index.json"
        if FileManager.default.fileExists(atPath: single) {
            let file = try SafetensorsFile(single)
            for name in file.names { fileOf[name] = file }
            return
        }
        guard let bytes = FileManager.default.contents(atPath: index) else {
            throw ModelError(
                .missingFile,
                "\(folder) has neither model.safetensors nor model.safetensors.index.json; weights must be safetensors",
                place: folder)
        }
        guard let object = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any],
            let map = object["weight_map"] as? [String: String]
        else { throw ModelError(.malformed, "\(index) has no 'weight_map'; fetch it again", place: index) }
        var opened: [String: SafetensorsFile] = [:]
        for (name, shard) in map {
            guard !shard.contains("/"), !shard.hasPrefix("..") else {
                throw ModelError(.malformed, "\(index) names a shard outside its folder: \(shard)", place: index)
            }
            let file = try opened[shard] ?? SafetensorsFile(folder + "/" + shard)
            opened[shard] = file
            fileOf[name] = file
        }
    }

    func tensor(_ name: String) throws -> Tensor {
        guard let file = fileOf[name] else {
            throw ModelError(
                .malformed,
                "\(folder) has no weight '\(name)'; the checkpoint is incomplete or of another architecture",
                place: folder)
        }
        return try file.tensor(name)
    }
}
