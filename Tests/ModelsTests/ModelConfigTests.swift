// config.json: every field that is missing, wrong or unsupported is named in a sentence.

import Foundation
import Testing
import Trajectories

@testable import Models

@Suite struct ModelConfigTests {
    var fields: [String: Any] {
        [
            "model_type": "qwen2", "vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 40, "rms_norm_eps": 1e-5,
            "rope_theta": 5e4,
            "max_position_embeddings": 128, "tie_word_embeddings": true, "eos_token_id": [3, 4], "hidden_act": "silu",
        ]
    }

    func config(_ json: String) throws -> ModelConfig {
        var fields = self.fields
        let changes = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
        for (key, value) in changes { fields[key] = value as? String == "absent" ? nil : value }
        // through text, as a file's fields come
        let bytes = try JSONSerialization.data(withJSONObject: fields)
        return try ModelConfig(
            ConfigFields(try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:], path: "c.json"),
            stopOverride: nil)
    }

    @Test func `the fields are read`() throws {
        let read = try config("{}")
        #expect(
            read
                == ModelConfig(
                    vocabularySize: 100, hiddenSize: 32, layers: 2, heads: 4, keyValueHeads: 2, intermediateSize: 40,
                    normEpsilon: 1e-5, rotaryBase: 5e4, contextLength: 128, tiesEmbeddings: true, stopTokens: [3, 4]))
        #expect(read.headSize == 8)
    }

    @Test func `what may be absent has transformers' defaults`() throws {
        let read = try config(
            """
            {"num_key_value_heads": "absent", "rms_norm_eps": "absent", "rope_theta": null, "hidden_act": "absent",
             "max_position_embeddings": "absent", "tie_word_embeddings": "absent", "eos_token_id": null,
             "rope_scaling": null, "use_sliding_window": false, "head_dim": 8}
            """)
        #expect(read.keyValueHeads == 4)
        #expect(read.normEpsilon == 1e-6)
        #expect(read.rotaryBase == 10_000)
        #expect(read.contextLength == 32_768)
        #expect(!read.tiesEmbeddings)
        #expect(read.stopTokens == [])
        #expect(try config(#"{"eos_token_id": 7}"#).stopTokens == [7])
    }

    @Test func `each family reads its own fields with transformers' defaults`() throws {
        let qwen3 = try config(#"{"model_type": "qwen3"}"#)
        #expect(qwen3.headSize == 128)
        let llama = try config(
            """
            {"model_type": "llama", "max_position_embeddings": "absent", "rope_scaling": {"rope_type": "llama3",
             "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64}}
            """)
        #expect(llama.headSize == 8)
        #expect(llama.contextLength == 2048)
        #expect(llama.rotaryScaling == .llama3(factor: 8, low: 1, high: 4, original: 64))
        #expect(try config(#"{"model_type": "mistral", "sliding_window": null, "head_dim": 6}"#).contextLength == 128)
        #expect(try config(#"{"model_type": "mistral", "sliding_window": 100}"#).contextLength == 100)
        #expect(
            try config(#"{"model_type": "mistral", "max_position_embeddings": "absent"}"#).contextLength == 4096)
        let gemma = try config(
            """
            {"model_type": "gemma3_text", "num_hidden_layers": 7, "tie_word_embeddings": "absent", "sliding_window": 64,
             "rope_theta": "absent", "rope_local_base_freq": 500, "query_pre_attn_scalar": 20, "hidden_act": "absent"}
            """)
        #expect(gemma.tiesEmbeddings)
        #expect(gemma.headSize == 256)
        #expect(gemma.contextLength == 64)
        #expect(gemma.rotaryBase == 1_000_000)
        #expect(gemma.queryScale == 20)
        #expect(
            gemma.local
                == LocalLayers(isLocal: [true, true, true, true, true, false, true], rotaryBase: 500))
    }

    @Test func `rotary settings are read where transformers 5 puts them`() throws {
        let object = #""rope_parameters": {"rope_type": "default", "rope_theta": 250000}"#
        #expect(try config(#"{"rope_theta": "absent", \#(object)}"#).rotaryBase == 250_000)
        #expect(try config(#"{"rope_theta": null, \#(object)}"#).rotaryBase == 250_000)
    }

    @Test(arguments: [
        (#"{"model_type": "absent"}"#, "'model_type' is missing"),
        (
            #"{"model_type": "gemma2"}"#,
            "'model_type' is gemma2; the supported ones are qwen2, qwen3, llama, mistral, gemma3_text"
        ),
        (#"{"hidden_act": "gelu"}"#, "'hidden_act' is gelu; the supported one is silu"),
        (#"{"use_sliding_window": true}"#, "'use_sliding_window' is true; only full attention is supported"),
        (#"{"use_sliding_window": "no"}"#, "'use_sliding_window' must be true or false, got no"),
        (
            #"{"layer_types": ["full_attention", "sliding_attention"]}"#,
            "'layer_types' has sliding_attention; only full_attention is supported"
        ),
        (
            #"{"quantization_config": {"bits": 4}}"#,
            "'quantization_config' is set; fetch the weights in bfloat16, float16 or float32"
        ),
        (
            #"{"rope_scaling": {"type": "yarn", "factor": 4}}"#,
            "'rope_scaling' is yarn; the supported ones are default, linear and llama3"
        ),
        (
            #"{"rope_scaling": null, "rope_parameters": {"rope_type": "dynamic", "factor": 2}}"#,
            "'rope_parameters' is dynamic; the supported ones are default, linear and llama3"
        ),
        (#"{"rope_scaling": {"rope_type": "linear"}}"#, "'rope_scaling.factor' is missing"),
        (#"{"rope_scaling": "linear"}"#, "'rope_scaling' must be an object, got linear"),
        (
            #"{"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1}}"#,
            "'rope_scaling.low_freq_factor' (4.0) must be below 'rope_scaling.high_freq_factor' (1.0)"
        ),
        (
            #"{"partial_rotary_factor": 0.5}"#, "'partial_rotary_factor' is 0.5; only whole heads are rotated"
        ),
        (#"{"vocab_size": "absent"}"#, "'vocab_size' is missing"),
        (#"{"hidden_size": "absent"}"#, "'hidden_size' is missing"),
        (#"{"num_hidden_layers": null}"#, "'num_hidden_layers' is missing"),
        (#"{"num_attention_heads": "absent"}"#, "'num_attention_heads' is missing"),
        (#"{"intermediate_size": "absent"}"#, "'intermediate_size' is missing"),
        (#"{"vocab_size": 0}"#, "'vocab_size' must be a positive integer of at most 16777216, got 0"),
        (#"{"hidden_size": -32}"#, "'hidden_size' must be a positive integer of at most 1048576, got -32"),
        (#"{"hidden_size": 32.5}"#, "'hidden_size' must be a positive integer of at most 1048576, got 32.5"),
        (#"{"num_hidden_layers": "two"}"#, "'num_hidden_layers' must be a positive integer of at most 4096, got two"),
        (#"{"vocab_size": 9000000000}"#, "'vocab_size' must be a positive integer of at most 16777216, got 9000000000"),
        (#"{"rms_norm_eps": 0}"#, "'rms_norm_eps' must be a positive number, got 0"),
        (#"{"rope_theta": -1.5}"#, "'rope_theta' must be a positive number, got -1.5"),
        (
            #"{"num_key_value_heads": 3}"#,
            "'num_attention_heads' (4) is not a multiple of 'num_key_value_heads' (3)"
        ),
        (#"{"hidden_size": 30}"#, "'hidden_size' (30) is not a multiple of 'num_attention_heads' (4)"),
        (#"{"hidden_size": 36}"#, "a head size of 9 is odd and cannot be rotated"),
        (#"{"head_dim": 7}"#, "a head size of 7 is odd and cannot be rotated"),
        (
            #"{"model_type": "qwen3", "attention_bias": true}"#,
            "'attention_bias' is true; only projections of qwen3 without bias are supported"
        ),
        (
            #"{"model_type": "qwen3", "use_sliding_window": true}"#,
            "'use_sliding_window' is true; only full attention is supported"
        ),
        (
            #"{"model_type": "llama", "attention_bias": true}"#,
            "'attention_bias' is true; only projections of llama without bias are supported"
        ),
        (
            #"{"model_type": "llama", "mlp_bias": true}"#,
            "'mlp_bias' is true; only feed-forward layers without bias are supported"
        ),
        (
            #"{"model_type": "mistral", "sliding_window": -1}"#,
            "'sliding_window' must be a positive integer of at most 16777216, got -1"
        ),
        (
            #"{"model_type": "gemma3_text", "final_logit_softcapping": 30}"#,
            "'final_logit_softcapping' is set; only logits without a cap are supported"
        ),
        (
            #"{"model_type": "gemma3_text", "attn_logit_softcapping": 50}"#,
            "'attn_logit_softcapping' is set; only logits without a cap are supported"
        ),
        (
            #"{"model_type": "gemma3_text", "hidden_activation": "relu"}"#,
            "'hidden_activation' is relu; the supported one is gelu_pytorch_tanh"
        ),
        (
            #"{"model_type": "gemma3_text", "use_bidirectional_attention": true}"#,
            "'use_bidirectional_attention' is true; only causal attention is supported"
        ),
        (
            #"{"model_type": "gemma3_text", "layer_types": ["full_attention"]}"#,
            "'layer_types' must name sliding_attention or full_attention for each of 2 layers"
        ),
    ])
    func `what does not fit is refused by name`(json: String, reason: String) throws {
        let error = #expect(throws: ModelError.self) { try config(json) }
        #expect(error?.message == "c.json: \(reason)")
        #expect(error?.place == "c.json")
    }

    @Test func `stop tokens of the generation config come first`() throws {
        let scratch = try ScratchFolder()
        let copy = try Fixture.all[0].copied(to: scratch)
        try edit(copy + "/generation_config.json") { $0["eos_token_id"] = [5, 6] }
        #expect(try ModelConfig(folder: copy).stopTokens == [5, 6])
        try FileManager.default.removeItem(atPath: copy + "/generation_config.json")
        #expect(try ModelConfig(folder: copy).stopTokens == [0])
        try Data("[]".utf8).write(to: URL(filePath: copy + "/config.json"))
        let error = #expect(throws: ModelError.self) { try ModelConfig(folder: copy) }
        #expect(error?.message == "\(copy)/config.json is not a JSON object; fetch it again")
    }
}
