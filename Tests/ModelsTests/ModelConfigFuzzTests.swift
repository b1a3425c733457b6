// Spoiled config.json files: refused with a ModelError, or an architecture whose every size and product is a number.

import Foundation
import Testing
import Trajectories

@testable import Models

@Suite struct ModelConfigFuzzTests {
    private static func setting(_ name: String, default fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? fallback
    }

    private static let valid = """
        {"model_type": "qwen2", "vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "intermediate_size": 40, "rms_norm_eps": 1e-5, "rope_theta": 5e4, "head_dim": 8,
         "max_position_embeddings": 128, "tie_word_embeddings": true, "eos_token_id": [3, 4], "hidden_act": "silu",
         "rope_parameters": {"rope_type": "default", "rope_theta": 250000}, "rope_scaling": null}
        """

    private static let words =
        [
            "0", "-1", "1", "0.5", "1e999", "1e308", "-1e-320", "16777216", "16777217", "2147483648", "4294967296",
            "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "null",
            "true", "false",
            "\"8\"", "[]", "[1]", "{}", "\"", "{", "}", ",", ":", "\u{0}", "é", "\"head_dim\": -8,", "\"head_dim\": 0,",
            "\"head_dim\": 9223372036854775807,", "\"num_attention_heads\": 65536,", "\"hidden_size\": 1048576,",
            "\"num_hidden_layers\": 4096,", "\"intermediate_size\": 4194304,", String(repeating: "[", count: 3_000),
        ].map { Array($0.utf8) } + [[0xFF], [0x80]]

    private static func spoil(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        let place = random.integer(below: bytes.count + 1)
        let span = place..<min(bytes.count, place + 1 + random.integer(below: 1 << random.integer(below: 6)))
        let word = words[random.integer(below: words.count)]
        switch random.integer(below: 8) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.integer(below: 8))
        case 1: bytes.removeSubrange(place...)
        case 2: bytes.removeSubrange(span)
        case 3: bytes.insert(contentsOf: bytes[span], at: place)
        case 4: bytes.insert(contentsOf: word, at: place)
        // the value of a field, most often a number
        case 5, 6:
            guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
            let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
            bytes.replaceSubrange(start..<end, with: word)
        default: bytes.insert(contentsOf: word, at: min(1, bytes.count))
        }
    }

    @Test func `a spoiled config is refused by name, or its sizes can be worked with`() throws {
        let scratch = try ScratchFolder()
        let url = URL(filePath: scratch.path + "/config.json")
        let seed = UInt64(Self.setting("FUZZ_SEED", default: 1))
        let cases = Self.setting("FUZZ_CASES", default: 3_000)
        var accepted = 0
        for number in 0..<cases {
            var random = RandomSource(seed: seed, purpose: .testing, step: number)
            var bytes = Array(Self.valid.utf8)
            for _ in 0...random.integer(below: 3) { Self.spoil(&bytes, &random) }
            try Data(bytes).write(to: url)
            do {
                let config = try ModelConfig(folder: scratch.path)
                // traps if a product leaves Int
                #expect(config.parameterCount > 0 && config.layerParameterCount > 0, "case \(number): \(config)")
                #expect(config.headSize > 0 && config.headSize % 2 == 0, "case \(number): \(config)")
                #expect(config.heads % config.keyValueHeads == 0, "case \(number): \(config)")
                #expect(config.normEpsilon.isFinite && config.rotaryBase.isFinite, "case \(number): \(config)")
                accepted += 1
            } catch is ModelError {
                // refused, as it should be
            } catch {
                Issue.record("seed \(seed), case \(number): \(error)")
            }
        }
        #expect(accepted > 0 && accepted < cases, "\(accepted) of \(cases)")
    }
}
