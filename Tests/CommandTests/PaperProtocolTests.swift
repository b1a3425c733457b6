// The published protocol as a configuration: a dry run accepts it for a model of the published sizes.

import Foundation
import Testing

@Suite struct PaperProtocolTests {
    @Test func `a dry run of the paper's protocol says what it would be`() throws {
        let scratch = try Scratch()
        // Qwen2.5-7B's sizes
        let config = """
            {"model_type": "qwen2", "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
            "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 152064, "rms_norm_eps": 1e-6,
            "rope_theta": 1000000.0, "max_position_embeddings": 32768, "tie_word_embeddings": false, "eos_token_id": 151645}
            """
        _ = try scratch.write(config, to: "config.json")
        let said = try Maxwell.success([
            "train", Maxwell.root + "configs/paper-clip-b.yaml", "model=" + scratch.path, "--dry-run",
        ])
        #expect(said.contains("16 completions for each of 64 prompts (1024 completions"))
        #expect(said.contains("7615616512 parameters"))
        #expect(!FileManager.default.fileExists(atPath: "runs/paper-clip-b"))
    }
}
