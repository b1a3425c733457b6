// Gemma 3, text only: norms around every layer, GeGLU, and layers with a window between layers that see everything.

extension ModelFamily {
    /// Gemma 3 text models (2503.19786, section 2).
    ///
    /// The context ends at `sliding_window`, within which the layers with a window see everything too and differ from
    /// the others only in their rotary base: a longer prompt is refused, not computed differently.
    public static let gemma3 = ModelFamily(
        "gemma3_text", architecture: "Gemma3ForCausalLM",
        layers: LayerTraits(
            normalisesHeads: true, normalisesOutputs: true, offsetsNorms: true, scalesEmbedding: true,
            activation: .geluTanh),
        defaults: ConfigDefaults(
            headSize: 256, rotaryBase: 1_000_000, contextLength: 131_072, tiesEmbeddings: true)
    ) { fields, config in
        try fields.require("hidden_activation", is: "gelu_pytorch_tanh")
        try fields.refuse("attention_bias", because: "projections of gemma3_text without bias are supported")
        for cap in ["final_logit_softcapping", "attn_logit_softcapping"] where fields.present(cap) != nil {
            throw fields.refuse(.unsupported, "'\(cap)' is set; only logits without a cap are supported")
        }
        try fields.refuse("use_bidirectional_attention", because: "causal attention is supported")
        config.queryScale = try fields.number("query_pre_attn_scalar", default: 256)
        config.contextLength = min(config.contextLength, try fields.integer("sliding_window", default: 4096))
        config.local = LocalLayers(
            isLocal: try fields.localLayers(of: config.layers), rotaryBase: try fields.localRotaryBase())
    } write: { config in
        let local =
            config.local ?? LocalLayers(isLocal: [Bool](repeating: false, count: config.layers), rotaryBase: 10_000)
        return [
            "hidden_activation": "gelu_pytorch_tanh", "attention_bias": false, "sliding_window": config.contextLength,
            "query_pre_attn_scalar": config.queryScale ?? Double(config.headSize),
            "rope_local_base_freq": local.rotaryBase,
            "layer_types": local.isLocal.map { $0 ? "sliding_attention" : "full_attention" },
        ]
    }
}

/// Which layers have a window, and the base of their rotary embedding.
public struct LocalLayers: Sendable, Equatable {
    /// One entry per layer.
    public var isLocal: [Bool]
    public var rotaryBase: Double

    public init(isLocal: [Bool], rotaryBase: Double) {
        self.isLocal = isLocal
        self.rotaryBase = rotaryBase
    }
}

extension ConfigFields {
    /// `layer_types`, or every layer but each `sliding_window_pattern`-th.
    fileprivate func localLayers(of count: Int) throws -> [Bool] {
        guard let types = present("layer_types") else {
            let pattern = try integer("sliding_window_pattern", default: 6)
            return (1...count).map { $0 % pattern != 0 }
        }
        guard let types = types as? [String], types.count == count,
            types.allSatisfy({ ["sliding_attention", "full_attention"].contains($0) })
        else {
            throw refuse(
                .unsupported, "'layer_types' must name sliding_attention or full_attention for each of \(count) layers")
        }
        return types.map { $0 == "sliding_attention" }
    }

    /// Where transformers 4 and 5 write it.
    fileprivate func localRotaryBase() throws -> Double {
        guard let local = (try object("rope_parameters"))?["sliding_attention"] as? [String: Any] else {
            return try number("rope_local_base_freq", default: 10_000)
        }
        let nested = ConfigFields(local, path: path, prefix: "rope_parameters.sliding_attention.")
        if let kind = nested.present("rope_type") as? String, kind != "default" {
            throw nested.refuse(.unsupported, "'\(nested.prefix)rope_type' is \(kind); the supported one is default")
        }
        return try nested.number("rope_theta", default: 10_000)
    }
}
