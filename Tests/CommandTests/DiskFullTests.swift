// A disk that fills up, as a limit on file sizes: one sentence, and what was there stays.

import Foundation
import Testing
import Torch
import Trajectories

@Suite struct DiskFullTests {
    /// A process whose files may have so many KiB; the signal that would end it is off, so that writes fail instead.
    private func limit(_ kibibytes: Int) -> String { "trap '' XFSZ; ulimit -f \(kibibytes)" }

    @Test func `the output of a file command`() throws {
        let scratch = try Scratch()
        try Safetensors.write(
            [(name: "tokens", tensor: .zeros([500], dtype: .int64)), (name: "logits", tensor: .zeros([500, 3]))],
            to: scratch("in.safetensors"))
        let texts = try scratch.write(
            String(repeating: "{\"text\": \"1 2 3 4=10\"}\n", count: 200), to: "in.jsonl")
        _ = try scratch.write("old", to: "out.safetensors")
        _ = try scratch.write("old", to: "out.jsonl")
        let before = scratch.everything()
        let stats = try Maxwell.refusal(
            ["stats", "--in", scratch("in.safetensors"), "--out", scratch("out.safetensors")], shell: limit(4))
        #expect(stats.contains("out.safetensors"))
        let tokenize = try Maxwell.refusal(
            ["tokenize", "--model", Maxwell.tokenizer, "--in", texts, "--out", scratch("out.jsonl")], shell: limit(2))
        #expect(tokenize.contains("out.jsonl"))
        #expect(scratch.everything() == before)
        for name in ["out.safetensors", "out.jsonl"] {
            #expect(try String(contentsOfFile: scratch(name), encoding: .utf8) == "old")
        }
    }

    @Test(arguments: [1, 16, 40, 70])
    func `a training run, wherever it hits the limit`(kibibytes: Int) throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let config = try scratch.write(
            Maxwell.trainYAML(model: scratch("model"), output: scratch("run"), steps: 6, every: 1), to: "run.yaml")
        let result = try Maxwell.run(["train", config], shell: limit(kibibytes))
        #expect(!result.wasSignalled && result.status != 0, "\(result)")
        let errors = result.errors.split(separator: "\n").filter { !$0.hasPrefix("clip_v: ") }
        #expect(errors.count == 1 && errors.first?.hasPrefix("Error: ") == true, "\(result.errors)")
        let left = scratch.everything()
        #expect(!left.contains { $0.contains(".tmp") }, "\(left)")
        // with room again the same run goes on and ends
        let resumable = left.contains("run/config.yaml")
        try Maxwell.success(["train", config] + (resumable ? ["--resume"] : []))
        #expect(scratch.everything().contains("run/checkpoints/step-000006/model.safetensors"))
    }

    @Test func `a full standard output`() throws {
        let scratch = try Scratch()
        let input = try scratch.write(#"{"text": "1 2=3"}"#, to: "in.jsonl")
        let result = try Maxwell.run(
            ["tokenize", "--model", Maxwell.tokenizer, "--in", input], shell: "exec > /dev/full")
        #expect(!result.wasSignalled && result.status != 0, "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
}
