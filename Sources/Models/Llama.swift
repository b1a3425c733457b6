// Llama 2 to 3.3 and what is built like them: no biases, rotary frequencies that may be scaled.

extension ModelFamily {
    /// Llama dense text models (2307.09288, section 2.2; 2407.21783, section 3.2).
    public static let llama = ModelFamily(
        "llama", architecture: "LlamaForCausalLM", defaults: ConfigDefaults(contextLength: 2048)
    ) { fields, _ in
        try fields.require("hidden_act", is: "silu")
        try fields.refuse("attention_bias", because: "projections of llama without bias are supported")
        try fields.refuse("mlp_bias", because: "feed-forward layers without bias are supported")
    } write: { _ in
        ["hidden_act": "silu", "attention_bias": false, "mlp_bias": false]
    }
}
