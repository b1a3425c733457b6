// Qwen3: an RMSNorm on each head's queries and keys in place of biases, and heads of a size of their own.

extension ModelFamily {
    /// Qwen3 dense models (2505.09388, section 2).
    public static let qwen3 = ModelFamily(
        "qwen3", architecture: "Qwen3ForCausalLM", layers: LayerTraits(normalisesHeads: true),
        defaults: ConfigDefaults(headSize: 128)
    ) { fields, _ in
        try fields.require("hidden_act", is: "silu")
        try fields.refuse("attention_bias", because: "projections of qwen3 without bias are supported")
        try fields.refuseWindow()
    } write: { _ in
        ["hidden_act": "silu", "attention_bias": false, "use_sliding_window": false]
    }
}
