// Mistral: Llama's layers, and in the first release a sliding window.

import Foundation

extension ModelFamily {
    /// Mistral 7B and Mistral Nemo (2310.06825, section 2).
    ///
    /// A `sliding_window` shortens the context to the window, within which attention is full: a longer prompt is
    /// refused, not computed differently.
    public static let mistral = ModelFamily(
        "mistral", architecture: "MistralForCausalLM", defaults: ConfigDefaults(contextLength: 131_072)
    ) { fields, config in
        try fields.require("hidden_act", is: "silu")
        // what transformers assumes where the field is absent; null says that there is no window
        let window = fields.isWritten("sliding_window") ? try fields.optionalInteger("sliding_window") : 4096
        if let window { config.contextLength = min(config.contextLength, window) }
    } write: { _ in
        ["hidden_act": "silu", "sliding_window": NSNull()]
    }
}
