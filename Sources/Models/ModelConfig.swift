// A model's architecture as its `config.json` states it, with what is not supported refused by field name.

import Foundation

/// The numbers of a decoder-only transformer, in Hugging Face's names.
public struct ModelConfig: Sendable, Equatable {
    public var modelType: String
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var layers: Int
    public var heads: Int
    public var keyValueHeads: Int
    public var headSize: Int
    public var intermediateSize: Int
    public var normEpsilon: Double
    public var rotaryBase: Double
    public var contextLength: Int
    public var tiesEmbeddings: Bool
    public var stopTokens: [Int32]

    public init(
        modelType: String = "qwen2", vocabularySize: Int, hiddenSize: Int, layers: Int, heads: Int, keyValueHeads: Int,
        intermediateSize: Int, normEpsilon: Double = 1e-6, rotaryBase: Double = 10_000, contextLength: Int,
        tiesEmbeddings: Bool, stopTokens: [Int32]
    ) {
        self.modelType = modelType
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        headSize = hiddenSize / max(heads, 1)
        self.intermediateSize = intermediateSize
        self.normEpsilon = normEpsilon
        self.rotaryBase = rotaryBase
        self.contextLength = contextLength
        self.tiesEmbeddings = tiesEmbeddings
        self.stopTokens = stopTokens
    }

    /// Trained scalars of one layer.
    public var layerParameterCount: Int {
        let attention = hiddenSize * headSize * (2 * heads + 2 * keyValueHeads) + headSize * (heads + 2 * keyValueHeads)
        return attention + 3 * hiddenSize * intermediateSize + 2 * hiddenSize
    }

    /// Number of trained scalars.
    public var parameterCount: Int {
        layers * layerParameterCount + hiddenSize + vocabularySize * hiddenSize * (tiesEmbeddings ? 1 : 2)
    }
}

extension ModelConfig {
    /// Reads `config.json`, and the stop tokens of `generation_config.json` where there is one.
    /// - Throws: `ModelError` naming the file and the field.
    public init(folder: String) throws {
        let path = folder + "/config.json"
        let fields = try Self.object(at: path)
        let generation = folder + "/generation_config.json"
        let stop =
            FileManager.default.fileExists(atPath: generation) ? try Self.object(at: generation)["eos_token_id"] : nil
        try self.init(fields, path: path, stopOverride: stop)
    }

    private static func object(at path: String) throws -> [String: Any] {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ModelError(.missingFile, "cannot read \(path); a model folder needs it", place: path)
        }
        guard let object = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any] else {
            throw ModelError(.malformed, "\(path) is not a JSON object; fetch it again", place: path)
        }
        return object
    }

    init(_ fields: [String: Any], path: String, stopOverride: Any?) throws {
        func refuse(_ code: ModelError.Code, _ reason: String) -> ModelError {
            ModelError(code, "\(path): \(reason)", place: path)
        }
        // the limits keep every product of sizes within Int
        func integer(_ key: String, default fallback: Int? = nil, atMost limit: Int = 1 << 24) throws -> Int {
            guard let value = fields[key], !(value is NSNull) else {
                guard let fallback else { throw refuse(.malformed, "'\(key)' is missing") }
                return fallback
            }
            guard let number = value as? Int, number > 0, number <= limit else {
                throw refuse(.malformed, "'\(key)' must be a positive integer of at most \(limit), got \(value)")
            }
            return number
        }
        func number(_ value: Any?, _ key: String, default fallback: Double) throws -> Double {
            guard let value, !(value is NSNull) else { return fallback }
            guard let number = value as? Double, number > 0, number.isFinite else {
                throw refuse(.malformed, "'\(key)' must be a positive number, got \(value)")
            }
            return number
        }
        guard let type = fields["model_type"] as? String else { throw refuse(.malformed, "'model_type' is missing") }
        guard type == "qwen2" else {
            throw refuse(.unsupported, "'model_type' is \(type); the supported one is qwen2")
        }
        if let activation = fields["hidden_act"] as? String, activation != "silu" {
            throw refuse(.unsupported, "'hidden_act' is \(activation); the supported one is silu")
        }
        if fields["use_sliding_window"] as? Bool == true {
            throw refuse(.unsupported, "'use_sliding_window' is true; only full attention is supported")
        }
        // transformers 5 writes the rotary settings as an object
        let rotary = fields["rope_parameters"] as? [String: Any] ?? [:]
        let scaling = fields["rope_scaling"] as? [String: Any] ?? rotary
        if let kind = (scaling["rope_type"] ?? scaling["type"]) as? String, kind != "default" {
            throw refuse(.unsupported, "'rope_scaling' is \(kind); only unscaled rotary embedding is supported")
        }
        // null stands for absent, as everywhere
        let base = fields["rope_theta"].flatMap { $0 is NSNull ? nil : $0 } ?? rotary["rope_theta"]
        let heads = try integer("num_attention_heads", atMost: 1 << 16)
        self.init(
            modelType: type, vocabularySize: try integer("vocab_size"),
            hiddenSize: try integer("hidden_size", atMost: 1 << 20),
            layers: try integer("num_hidden_layers", atMost: 1 << 12), heads: heads,
            keyValueHeads: try integer("num_key_value_heads", default: heads),
            intermediateSize: try integer("intermediate_size", atMost: 1 << 22),
            normEpsilon: try number(fields["rms_norm_eps"], "rms_norm_eps", default: 1e-6),
            rotaryBase: try number(base, "rope_theta", default: 10_000),
            contextLength: try integer("max_position_embeddings", default: 32_768, atMost: 1 << 31),
            tiesEmbeddings: fields["tie_word_embeddings"] as? Bool ?? false,
            stopTokens: Self.tokens(stopOverride) ?? Self.tokens(fields["eos_token_id"]) ?? [])
        if let stated = fields["head_dim"] as? Int { headSize = stated }
        guard heads % keyValueHeads == 0 else {
            throw refuse(
                .malformed,
                "'num_attention_heads' (\(heads)) is not a multiple of 'num_key_value_heads' (\(keyValueHeads))")
        }
        guard headSize * heads == hiddenSize, headSize % 2 == 0 else {
            throw refuse(
                .unsupported, "a head size of \(headSize) with \(heads) heads does not fit 'hidden_size' \(hiddenSize)")
        }
    }

    private static func tokens(_ value: Any?) -> [Int32]? {
        if let one = value as? Int { return [Int32(clamping: one)] }
        return (value as? [Int])?.map { Int32(clamping: $0) }
    }

    /// The fields of a `config.json` that transformers opens.
    var json: [String: Any] {
        [
            "architectures": ["Qwen2ForCausalLM"], "model_type": modelType, "vocab_size": vocabularySize,
            "hidden_size": hiddenSize, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": keyValueHeads, "intermediate_size": intermediateSize, "rms_norm_eps": normEpsilon,
            "rope_theta": rotaryBase, "max_position_embeddings": contextLength, "tie_word_embeddings": tiesEmbeddings,
            "hidden_act": "silu", "use_sliding_window": false, "torch_dtype": "float32",
            "eos_token_id": stopTokens.count == 1 ? stopTokens[0] as Any : stopTokens.map(Int.init) as Any,
        ]
    }
}
