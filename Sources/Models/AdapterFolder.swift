// Adapter folders in PEFT's format: `adapter_config.json` and `adapter_model.safetensors`.

import Foundation
import Torch

/// Reads and writes what PEFT's `PeftModel.from_pretrained` opens.
public enum AdapterFolder {
    private static let weightsFile = "adapter_model.safetensors"
    private static let prefix = "base_model.model."

    /// A model whose adapters are those of a folder.
    /// - Parameter base: the folder of the frozen model.
    /// - Throws: `ModelError` naming file and field, `TorchError` for a damaged weights file.
    public static func load(_ folder: String, base: String) throws -> AdaptedModel {
        let settings = try AdapterSettings(folder: folder)
        let file = try SafetensorsFile(folder + "/" + weightsFile)
        let decoder = try ModelFolder.decoder(base)
        func refuse(_ code: ModelError.Code, _ reason: String) -> ModelError {
            ModelError(code, "\(file.path): \(reason)", place: file.path)
        }
        return try withTorchErrors {
            var rest = Set(file.names)
            var targets: [Parameter] = []
            var factors: [(Tensor, Tensor)] = []
            for weight in decoder.weights where AdapterSettings.all.covers(weight.name) {
                let module = prefix + weight.name.dropLast("weight".count)
                let names = [module + "lora_A.weight", module + "lora_B.weight"]
                guard names.contains(where: rest.contains) else { continue }
                let shapes = [
                    [settings.rank, weight.tensor.extent(1)], [weight.tensor.extent(0), settings.rank],
                ]
                let pair = try zip(names, shapes).map { name, shape in
                    guard let found = file.shape(of: name) else { throw refuse(.malformed, "'\(name)' is missing") }
                    guard found == shape else {
                        throw refuse(
                            .wrongShape,
                            "'\(name)' has shape \(found), adapter_config.json and the model imply \(shape)")
                    }
                    rest.remove(name)
                    return try file.tensor(name).cast(to: .float32).clone()
                }
                targets.append(weight)
                factors.append((pair[0], pair[1]))
            }
            if let unknown = rest.min() {
                throw refuse(
                    .unsupported,
                    "'\(unknown)' is no adapter of a linear layer of \(base); adapters of "
                        + "\(AdapterSettings.modules.joined(separator: ", ")) are supported")
            }
            guard !targets.isEmpty else { throw refuse(.malformed, "it holds no adapter") }
            return AdaptedModel(decoder, settings: settings, targets: targets, factors: factors)
        }
    }

    /// A folder's model with new adapters, which change nothing yet.
    public static func fresh(_ settings: AdapterSettings, base: String, seed: UInt64) throws -> AdaptedModel {
        let decoder = try ModelFolder.decoder(base)
        return try withTorchErrors { AdaptedModel(decoder, settings: settings, seed: seed) }
    }

    /// Writes the adapters of a model. The folder must be writable.
    /// - Parameter base: the folder of the frozen model, for whoever opens the adapters.
    public static func save(_ model: AdaptedModel, base: String, to folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try JSONSerialization.data(
                withJSONObject: model.settings.json(base: base, targets: model.targetModules),
                options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            ).write(to: URL(fileURLWithPath: folder + "/" + AdapterSettings.file), options: .atomic)
        } catch {
            throw ModelError(
                .unwritable, "cannot write the adapters to \(folder): \(error.localizedDescription)", place: folder,
                cause: error)
        }
        try Safetensors.write(
            model.parameters.map { ($0.name, $0.tensor) }, metadata: ["format": "pt"], to: folder + "/" + weightsFile)
    }
}

extension AdapterSettings {
    static let file = "adapter_config.json"
    /// Every layer that may have adapters.
    fileprivate static let all = AdapterSettings()

    /// Reads `adapter_config.json`. Dropout acts in PEFT's training only and is not kept.
    /// - Throws: `ModelError` naming the file and the field.
    public init(folder: String) throws {
        let fields = try ConfigFields(file: folder + "/" + Self.file, of: "an adapter folder")
        guard let kind = fields.present("peft_type") as? String else {
            throw fields.refuse(.malformed, "'peft_type' is missing")
        }
        guard kind == "LORA" else {
            throw fields.refuse(.unsupported, "'peft_type' is \(kind); the supported one is LORA")
        }
        try fields.require("bias", is: "none")
        for key in ["use_dora", "use_rslora", "fan_in_fan_out", "lora_bias", "use_qalora"] {
            try fields.refuse(key, because: "plain adapters, W + (alpha/r) B A, are supported")
        }
        for key in [
            "modules_to_save", "rank_pattern", "alpha_pattern", "layer_replication", "trainable_token_indices",
            "target_parameters", "alora_invocation_tokens", "use_bdlora",
        ] where fields.holdsSomething(key) {
            throw fields.refuse(.unsupported, "'\(key)' is set; adapters of one rank and one alpha are supported")
        }
        let names = fields.present("target_modules") as? [String] ?? Self.modules
        self.init(
            rank: try fields.integer("r", atMost: 1 << 16), alpha: try fields.number("lora_alpha"),
            targets: names.allSatisfy(Self.modules.contains) ? Self.modules.filter(names.contains) : names.sorted())
    }

    fileprivate func json(base: String, targets: [String]) -> [String: Any] {
        [
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": rank,
            "lora_alpha": alpha == alpha.rounded() ? Int(alpha) as Any : alpha as Any, "lora_dropout": 0.0,
            "target_modules": targets, "bias": "none", "fan_in_fan_out": false, "use_rslora": false, "use_dora": false,
            "init_lora_weights": true, "inference_mode": true, "modules_to_save": NSNull(),
            "rank_pattern": [String: Int](),
            "alpha_pattern": [String: Int](),
        ]
    }
}

extension AdaptedModel {
    /// Names by which PEFT finds the adapted layers: of one decoder layer where all layers have the same adapters, else in full.
    fileprivate var targetModules: [String] {
        let names = AdapterSettings.modules.filter { name in adapters.contains { $0.module.hasSuffix("." + name) } }
        return adapters.count == names.count * config.layers ? names : adapters.map(\.module)
    }
}

extension ConfigFields {
    /// Whether a field is there and neither null, false nor empty.
    fileprivate func holdsSomething(_ key: String) -> Bool {
        switch present(key) {
        case nil: false
        case let flag as Bool: flag
        case let list as [Any]: !list.isEmpty
        case let object as [String: Any]: !object.isEmpty
        default: true
        }
    }
}
