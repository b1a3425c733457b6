// Qwen2 and Qwen2.5: biases on queries, keys and values.

extension ModelFamily {
    /// Qwen2 and Qwen2.5 dense models (2407.10671, section 2.2.1).
    public static let qwen2 = ModelFamily(
        "qwen2", architecture: "Qwen2ForCausalLM", layers: LayerTraits(biasesProjections: true)
    ) { fields, _ in
        try fields.require("hidden_act", is: "silu")
        try fields.refuseWindow()
    } write: { _ in
        ["hidden_act": "silu", "use_sliding_window": false]
    }
}

extension ConfigFields {
    /// Refuses the Qwen families' windows, which hold for some layers only.
    func refuseWindow() throws {
        guard try !flag("use_sliding_window", default: false) else {
            throw refuse(.unsupported, "'use_sliding_window' is true; only full attention is supported")
        }
        try requireFullAttention()
    }
}
