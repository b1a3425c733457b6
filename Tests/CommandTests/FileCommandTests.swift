// The file commands on a tiny model: what one writes another reads, and numbers agree with float64.

import Foundation
import Runs
import Testing
import Torch
import Trajectories

@Suite struct FileCommandTests {
    @Test func `every command explains itself`() throws {
        let overview = try Maxwell.success(["--help"])
        for command in ["sft", "train", "eval", "generate", "logprobs", "tokenize", "stats", "doctor"] {
            #expect(overview.contains("  \(command) "), "\(command) is listed")
            #expect(try Maxwell.success([command, "--help"]).contains("USAGE: maxwell \(command)"))
        }
        for command in overview.split(separator: "SUBCOMMANDS:").last?.split(separator: "\n") ?? []
        where command.hasPrefix("  ") && !command.hasPrefix("   ") {
            let name = String(command.dropFirst(2).prefix { $0 != " " })
            try Maxwell.success([name, "--help"])
        }
    }

    @Test func `doctor reports in JSON`() throws {
        let text = try Maxwell.success(["doctor", "--json"])
        let found = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        for key in ["libtorch", "device", "vector_capability", "sqlite"] {
            #expect((found[key] as? String)?.isEmpty == false, "\(key)")
        }
        #expect((found["threads"] as? Int ?? 0) >= 1)
        #expect(try Maxwell.success(["doctor"]).contains("libtorch"))
    }

    @Test func `tokens of any text decode to the text`() throws {
        let scratch = try Scratch()
        let texts = ["1 2 3=6\n", "3*(4+5)-6", "e\u{301} \u{e9} 🧪 汉字 \u{0} \u{1f}", " ", "<|endoftext|>"]
        let encoder = JSONEncoder()
        let lines = try texts.map { String(decoding: try encoder.encode(["text": $0]), as: UTF8.self) }
        let input = try scratch.write(lines.joined(separator: "\n"), to: "in.jsonl")
        try Maxwell.success(["tokenize", "--model", Maxwell.tokenizer, "--in", input, "--out", scratch("tokens.jsonl")])
        let back = try Maxwell.success(
            ["tokenize", "--model", Maxwell.tokenizer + "/tokenizer.json", "--decode", "--in", scratch("tokens.jsonl")])
        let decoded = try objects(back).map { $0["text"] as? String ?? "" }
        // the tokenizer normalises to NFC, as Qwen2's does
        let normal = texts.map(\.precomposedStringWithCanonicalMapping)
        #expect(decoded.map { Array($0.utf8) } == normal.map { Array($0.utf8) })
        let skipped = try Maxwell.success(
            [
                "tokenize", "--model", Maxwell.tokenizer, "--decode", "--skip-special-tokens", "--in",
                scratch("tokens.jsonl"),
            ])
        #expect(try objects(skipped).last?["text"] as? String == "")
    }

    @Test func `log-probabilities of generated tokens are those they were sampled with`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let prompts = (1...7).map { #"{"prompt": "\#($0) \#($0 * 3)=\#($0 * 4)\n"}"# }.joined(separator: "\n")
        let input = try scratch.write(prompts, to: "prompts.jsonl")
        let common = [
            "generate", "--model", scratch("model"), "--in", input, "--samples", "3", "--temperature", "0.8",
            "--max-new-tokens", "9", "--seed", "5",
        ]
        let printed = try Maxwell.success(common)
        try Maxwell.success(common + ["--out", scratch("completions.jsonl")])
        #expect(try String(contentsOfFile: scratch("completions.jsonl"), encoding: .utf8) == printed)
        let completions = try objects(printed)
        #expect(completions.count == 21)
        try Maxwell.success(
            [
                "tokenize", "--model", scratch("model"), "--in", try texts(prompts, scratch), "--out",
                scratch("ids.jsonl"),
            ])
        let ids = try objects(try String(contentsOfFile: scratch("ids.jsonl"), encoding: .utf8))
        let scoring = try completions.enumerated().map { index, completion in
            let line: [String: Any] = [
                "prompt_tokens": try #require(ids[index / 3]["tokens"]), "tokens": try #require(completion["tokens"]),
            ]
            return String(decoding: try JSONSerialization.data(withJSONObject: line), as: UTF8.self)
        }
        let lines = try scratch.write(scoring.joined(separator: "\n"), to: "score.jsonl")
        let scored = try objects(
            try Maxwell.success(["logprobs", "--model", scratch("model"), "--in", lines, "--temperature", "0.8"]))
        for (completion, score) in zip(completions, scored) {
            #expect(completion["tokens"] as? [Int] == score["tokens"] as? [Int])
            for key in ["logprobs", "entropy"] {
                let both = (numbers(completion[key]), numbers(score[key]))
                #expect(both.0.count == both.1.count && !both.0.isEmpty)
                #expect(zip(both.0, both.1).allSatisfy { abs($0 - $1) < 1e-4 })
            }
            #expect(["stop", "length"].contains(completion["stop_reason"] as? String))
        }
        let greedy = try objects(try Maxwell.success(common + ["--greedy"]))
        #expect(greedy[0]["tokens"] as? [Int] == greedy[1]["tokens"] as? [Int])
    }

    @Test func `an evaluation says in JSON what its completions say line by line`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let text = try Maxwell.success(
            [
                "eval", "--model", scratch("model"), "--count", "5", "--samples", "4", "--k", "1", "--k", "4",
                "--max-new-tokens", "10", "--set", "max_number=5", "--json", "--out", scratch("out.jsonl"),
            ])
        let result = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let lines = try objects(try String(contentsOfFile: scratch("out.jsonl"), encoding: .utf8))
        #expect(lines.count == 20)
        #expect(result["problems"] as? Int == 5 && result["samples"] as? Int == 4)
        let passes = try #require(result["pass_at_k"] as? [[String: Any]])
        #expect(passes.map { $0["k"] as? Int } == [1, 4])
        let average = try #require(result["average"] as? [String: Any])
        let rewards = lines.compactMap { $0["reward"] as? Double }
        #expect(abs((average["value"] as? Double ?? -1) - rewards.reduce(0, +) / 20) < 1e-9)
        let entropies = lines.flatMap { numbers($0["entropy"]) }
        let mean = entropies.reduce(0, +) / Double(entropies.count)
        #expect(abs((result["mean_entropy"] as? Double ?? -1) - mean) < 1e-6)
        let reasons = try #require(result["reasons"] as? [String: Double])
        #expect(abs(reasons.values.reduce(0, +) - 1) < 1e-9)
    }

    private func texts(_ prompts: String, _ scratch: borrowing Scratch) throws -> String {
        try scratch.write(prompts.replacing("\"prompt\"", with: "\"text\""), to: "texts.jsonl")
    }

    private func numbers(_ value: Any?) -> [Double] { value as? [Double] ?? [] }
}
