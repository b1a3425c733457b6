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
            try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:], path: "c.json", stopOverride: nil)
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

    @Test func `rotary settings are read where transformers 5 puts them`() throws {
        let object = #""rope_parameters": {"rope_type": "default", "rope_theta": 250000}"#
        #expect(try config(#"{"rope_theta": "absent", \#(object)}"#).rotaryBase == 250_000)
        #expect(try config(#"{"rope_theta": null, \#(object)}"#).rotaryBase == 250_000)
    }

    @Test(arguments: [
        (#"{"model_type": "absent"}"#, "'model_type' is missing"),
        (#"{"model_type": "llama"}"#, "'model_type' is llama; the supported one is qwen2"),
        (#"{"hidden_act": "gelu"}"#, "'hidden_act' is gelu; the supported one is silu"),
        (#"{"use_sliding_window": true}"#, "'use_sliding_window' is true; only full attention is supported"),
        (
            #"{"rope_scaling": {"type": "yarn", "factor": 4}}"#,
            "'rope_scaling' is yarn; only unscaled rotary embedding is supported"
        ),
        (
            #"{"rope_scaling": {"rope_type": "llama3"}}"#,
            "'rope_scaling' is llama3; only unscaled rotary embedding is supported"
        ),
        (
            #"{"rope_parameters": {"rope_type": "linear", "factor": 2}}"#,
            "'rope_scaling' is linear; only unscaled rotary embedding is supported"
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
        (#"{"hidden_size": 30}"#, "a head size of 7 with 4 heads does not fit 'hidden_size' 30"),
        (#"{"hidden_size": 36}"#, "a head size of 9 with 4 heads does not fit 'hidden_size' 36"),
        (#"{"head_dim": 16}"#, "a head size of 16 with 4 heads does not fit 'hidden_size' 32"),
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
