// `maxwell whatif` against numbers computed by hand, and what it refuses.

import Foundation
import Testing
import Torch

@Suite struct WhatIfCommandTests {
    /// Nine tokens with S − E[S] = 0.1 and A = 1, one with −0.5 and A = −1, two completions of one prompt.
    private func columns() -> [(name: String, tensor: Tensor)] {
        func floats(_ name: String, _ values: [Float]) -> (name: String, tensor: Tensor) { (name, Tensor(values)) }
        return [
            floats("logprob", [Float](repeating: -1, count: 10)), floats("entropy", [Float](repeating: 1, count: 10)),
            floats("discriminant", [Float](repeating: 0.3, count: 9) + [-0.3]),
            floats("expected_discriminant", [Float](repeating: 0.2, count: 10)),
            floats("advantage", [Float](repeating: 1, count: 9) + [-1]),
            ("sequence", Tensor([Int64](repeating: 0, count: 9) + [7])),
            ("group", Tensor([Int64](repeating: 0, count: 10))),
        ]
    }

    private func run(_ scratch: borrowing Scratch, _ arguments: [String]) throws -> [String: [Float]] {
        let out = scratch("out.safetensors")
        try Maxwell.success(["whatif", "--in", scratch("in.safetensors"), "--out", out] + arguments)
        let file = try SafetensorsFile(out)
        return try withTorchErrors {
            try Dictionary(uniqueKeysWithValues: file.names.map { ($0, try file.tensor($0).floats) })
        }
    }

    private func agree(_ found: [Float]?, _ wanted: [Float]) {
        #expect(
            found?.count == wanted.count && zip(found ?? [], wanted).allSatisfy { abs($0 - $1) < 1e-6 },
            "\(found ?? [])")
    }

    @Test func `weights, derivatives and predicted changes are those of the formulas`() throws {
        let scratch = try Scratch()
        try Safetensors.write(columns(), to: scratch("in.safetensors"))
        let plain = try run(scratch, ["--algorithm", "grpo"])
        #expect(plain.keys.sorted() == ["g1", "g2", "predicted_entropy_change", "weight"])
        agree(plain["g1"], [Float](repeating: -0.1, count: 9) + [0.1])
        agree(plain["g2"], [Float](repeating: 0, count: 10))
        agree(plain["predicted_entropy_change"], [Float](repeating: -0.01, count: 9) + [-0.05])
        // σ of S − E[S] is 0.18: the outlier lies 2.78 σ below
        let cut = try run(scratch, ["--algorithm", "clip_v", "--set", "mu_neg=2.5", "--set", "mu_pos=9"])
        agree(cut["weight"], [Float](repeating: 1, count: 9) + [0])
        agree(cut["g1"], [Float](repeating: -0.1, count: 9) + [0])
        let kept = try run(scratch, ["--algorithm", "clip_v", "--set", "mu_neg=3", "--set", "mu_pos=9"])
        agree(kept["weight"], [Float](repeating: 1, count: 10))
        let means = try run(scratch, ["--algorithm", "grpo", "--set", "aggregation=sequence_mean"])
        agree(means["g1"], [Float](repeating: -1.0 / 18, count: 9) + [0.5])
        // ratios against a proximal policy: beyond 1.2 a rewarded token has no gradient left
        let stale: [Float] = [-1.3] + [Float](repeating: -1, count: 9)
        try Safetensors.write(columns() + [("proximal_logprob", Tensor(stale))], to: scratch("in.safetensors"))
        let clipped = try run(scratch, ["--algorithm", "grpo"])
        agree(clipped["g1"], [0] + [Float](repeating: -0.1, count: 8) + [0.1])
    }

    @Test func `metrics are printed, also as JSON, with what was removed`() throws {
        let scratch = try Scratch()
        try Safetensors.write(columns(), to: scratch("in.safetensors"))
        let text = try Maxwell.success([
            "whatif", "--in", scratch("in.safetensors"), "--out", scratch("out.safetensors"), "--algorithm", "clip_v",
            "--set", "mu_neg=2.5", "--json",
        ])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let metrics = try #require(object["metrics"] as? [String: Any])
        #expect(object["tokens"] as? Int == 10)
        let removed = try #require(metrics["clip_v/removed_contracting"] as? Double)
        #expect(abs(removed - 0.005) < 1e-6 && metrics["clip_v/removed_expanding"] as? Double == 0)
    }

    @Test func `what does not fit is refused in a sentence, and nothing is written`() throws {
        let scratch = try Scratch()
        let all = columns()
        try Safetensors.write(all, to: scratch("in.safetensors"))
        try Safetensors.write(all.filter { $0.name != "entropy" }, to: scratch("short.safetensors"))
        try Safetensors.write(
            all.filter { $0.name != "group" } + [("group", .zeros([9], dtype: .int64))], to: scratch("long.safetensors")
        )
        try Safetensors.write(
            all.filter { $0.name != "group" } + [("group", .zeros([10]))], to: scratch("type.safetensors"))
        try Safetensors.write(
            all.filter { $0.name != "advantage" } + [("advantage", Tensor([Float](repeating: .nan, count: 10)))],
            to: scratch("nan.safetensors"))
        let before = scratch.everything()
        let cases: [(String, [String], [String])] = [
            ("in", ["--algorithm", "clip_w"], ["algorithm.name", "clip_v"]),
            ("in", ["--algorithm", "clip_v", "--set", "mu_ngg=1"], ["mu_ngg", "mu_neg?"]),
            ("in", ["--algorithm", "clip_v", "--set", "mu_neg"], ["mu_neg"]),
            ("in", ["--algorithm", "grpo", "--set", "kl_coefficient=1"], ["referenceLogprob"]),
            ("in", ["--algorithm", "grpo", "--update=-1"], ["--update"]),
            ("short", ["--algorithm", "grpo"], ["entropy"]), ("long", ["--algorithm", "grpo"], ["group", "[9]"]),
            ("type", ["--algorithm", "grpo"], ["group", "int64"]), ("nan", ["--algorithm", "grpo"], ["advantage[0]"]),
            ("nowhere", ["--algorithm", "grpo"], ["nowhere.safetensors"]),
        ]
        for (name, arguments, words) in cases {
            let sentence = try Maxwell.refusal(
                ["whatif", "--in", scratch(name + ".safetensors"), "--out", scratch("out.safetensors")] + arguments)
            for word in words { #expect(sentence.contains(word), "\(name): \(sentence)") }
        }
        #expect(scratch.everything() == before)
    }
}
