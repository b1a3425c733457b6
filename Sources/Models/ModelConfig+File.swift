// `config.json`: the fields that every family has, read and written.

import Foundation

extension ModelConfig {
    /// Reads `config.json`, and the stop tokens of `generation_config.json` where there is one.
    /// - Throws: `ModelError` naming the file and the field.
    public init(folder: String) throws {
        let fields = try ConfigFields(file: folder + "/config.json")
        let generation = folder + "/generation_config.json"
        let stop =
            FileManager.default.fileExists(atPath: generation)
            ? try ConfigFields(file: generation).values["eos_token_id"] : nil
        try self.init(fields, stopOverride: stop)
    }

    init(_ fields: ConfigFields, stopOverride: Any?) throws {
        guard let type = fields.present("model_type") as? String else {
            throw fields.refuse(.malformed, "'model_type' is missing")
        }
        guard let family = ModelCatalogue.family(type) else {
            throw fields.refuse(
                .unsupported,
                "'model_type' is \(type); the supported ones are \(ModelCatalogue.names.joined(separator: ", "))")
        }
        if fields.present("quantization_config") != nil {
            throw fields.refuse(
                .unsupported, "'quantization_config' is set; fetch the weights in bfloat16, float16 or float32")
        }
        let heads = try fields.integer("num_attention_heads", atMost: 1 << 16)
        let hidden = try fields.integer("hidden_size", atMost: 1 << 20)
        let (base, scaling) = try fields.rotary(default: family.defaults.rotaryBase)
        let headSize = try fields.optionalInteger("head_dim", atMost: 1 << 16) ?? family.defaults.headSize
        self.init(
            family: family, vocabularySize: try fields.integer("vocab_size"), hiddenSize: hidden,
            layers: try fields.integer("num_hidden_layers", atMost: 1 << 12), heads: heads,
            keyValueHeads: try fields.integer("num_key_value_heads", default: heads, atMost: 1 << 16),
            headSize: headSize,
            intermediateSize: try fields.integer("intermediate_size", atMost: 1 << 22),
            normEpsilon: try fields.number("rms_norm_eps", default: 1e-6), rotaryBase: base, rotaryScaling: scaling,
            contextLength: try fields.integer(
                "max_position_embeddings", default: family.defaults.contextLength, atMost: 1 << 31),
            tiesEmbeddings: try fields.flag("tie_word_embeddings", default: family.defaults.tiesEmbeddings),
            stopTokens: Self.tokens(stopOverride) ?? Self.tokens(fields.values["eos_token_id"]) ?? [])
        guard heads % keyValueHeads == 0 else {
            throw fields.refuse(
                .malformed,
                "'num_attention_heads' (\(heads)) is not a multiple of 'num_key_value_heads' (\(keyValueHeads))")
        }
        guard headSize != nil || hidden % heads == 0 else {
            throw fields.refuse(
                .malformed, "'hidden_size' (\(hidden)) is not a multiple of 'num_attention_heads' (\(heads))")
        }
        guard self.headSize % 2 == 0 else {
            throw fields.refuse(.unsupported, "a head size of \(self.headSize) is odd and cannot be rotated")
        }
        try family.read(fields, &self)
    }

    private static func tokens(_ value: Any?) -> [Int32]? {
        if let one = value as? Int { return [Int32(clamping: one)] }
        return (value as? [Int])?.map { Int32(clamping: $0) }
    }

    /// The fields of a `config.json` that transformers opens.
    var json: [String: Any] {
        var fields: [String: Any] = [
            "architectures": [family.architecture], "model_type": family.name, "vocab_size": vocabularySize,
            "hidden_size": hiddenSize, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": keyValueHeads, "head_dim": headSize, "intermediate_size": intermediateSize,
            "rms_norm_eps": normEpsilon, "rope_theta": rotaryBase, "max_position_embeddings": contextLength,
            "tie_word_embeddings": tiesEmbeddings, "torch_dtype": "float32",
            "eos_token_id": stopTokens.count == 1 ? stopTokens[0] as Any : stopTokens.map(Int.init) as Any,
        ]
        if rotaryScaling != .none { fields["rope_scaling"] = rotaryScaling.json }
        return fields.merging(family.write(self)) { _, own in own }
    }
}
