// `maxwell stats` against sums in double, and what it refuses.

import Foundation
import Testing
import Torch
import Trajectories

@Suite struct StatsCommandTests {
    private let rows = 40
    private let vocabulary = 300
    private let depth = 24

    @Test func `of logits and of hidden states with a head, at a temperature, agrees with float64`() throws {
        let scratch = try Scratch()
        var random = RandomSource(seed: 4, purpose: .testing)
        let hidden = (0..<(rows * depth)).map { _ in Float(random.normalPair().0) }
        let weight = (0..<(vocabulary * depth)).map { _ in Float(random.normalPair().0) }
        let ids = (0..<rows).map { _ in Int64(random.integer(below: vocabulary)) }
        let temperature = 1.7
        // rows from nearly uniform to nearly certain
        let exact = (0..<rows).map { row -> [Double] in
            let scale = exp(4 * (Double(row) / Double(rows) - 0.5))
            return (0..<vocabulary).map { token in
                (0..<depth).reduce(0.0) { $0 + Double(hidden[row * depth + $1]) * Double(weight[token * depth + $1]) }
                    * scale
            }
        }
        let scaled = (0..<(rows * depth)).map { index in
            Float(Double(hidden[index]) * exp(4 * (Double(index / depth) / Double(rows) - 0.5)))
        }
        let metadata = ["temperature": "\(temperature)"]
        try withTorchErrors {
            let tokens = (name: "tokens", tensor: Tensor(ids))
            try Safetensors.write(
                [
                    tokens,
                    (
                        name: "logits",
                        tensor: Tensor(exact.flatMap { $0.map { Float($0) } }, shape: [rows, vocabulary])
                    ),
                ],
                metadata: metadata, to: scratch("logits.safetensors"))
            try Safetensors.write(
                [
                    tokens, (name: "hidden", tensor: Tensor(scaled, shape: [rows, depth])),
                    (name: "weight", tensor: Tensor(weight, shape: [vocabulary, depth])),
                ], metadata: metadata, to: scratch("hidden.safetensors"))
        }
        for (kind, tolerance) in [("logits", 1e-6), ("hidden", 5e-5)] {
            try Maxwell.success(
                ["stats", "--in", scratch(kind + ".safetensors"), "--out", scratch(kind + "-out.safetensors")])
            let file = try SafetensorsFile(scratch(kind + "-out.safetensors"))
            let columns = [
                "logprob", "lse", "entropy", "discriminant", "expected_discriminant", "variance_discriminant",
                "collision",
            ]
            #expect(file.names == columns.sorted())
            for (index, name) in columns.enumerated() {
                let values = try withTorchErrors { try file.tensor(name).floats }
                #expect(values.count == rows)
                for row in 0..<rows {
                    // given logits are float32: that is what the statistics are of
                    let logits = kind == "logits" ? exact[row].map { Double(Float($0)) } : exact[row]
                    let expected = statistics(logits.map { $0 / temperature }, Int(ids[row]))[index]
                    let error = abs(Double(values[row]) - expected)
                    #expect(error <= tolerance * max(1, abs(expected)), "\(kind) \(name) row \(row): \(error)")
                }
            }
        }
    }

    /// logprob, lse, H, S*, E[S], Var[S], Σp² of one row, in double.
    private func statistics(_ logits: [Double], _ id: Int) -> [Double] {
        let top = logits.max() ?? 0
        let lse = top + log(logits.reduce(0) { $0 + exp($1 - top) })
        let logs = logits.map { $0 - lse }
        let p = logs.map { exp($0) }
        let entropy = -zip(p, logs).reduce(0) { $0 + $1.0 * $1.1 }
        let s = zip(p, logs).map { $0 * (entropy + $1) }
        let mean = zip(p, s).reduce(0) { $0 + $1.0 * $1.1 }
        let variance = zip(p, s).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
        return [logs[id], lse, entropy, s[id], mean, variance, p.reduce(0) { $0 + $1 * $1 }]
    }

    @Test func `inputs of the wrong dtype, shape or content are refused`() throws {
        let scratch = try Scratch()
        func tensor(_ name: String, _ shape: [Int], _ dtype: DType = .float32) -> (name: String, tensor: Tensor) {
            (name, .zeros(shape, dtype: dtype))
        }
        let ids = tensor("tokens", [3], .int64)
        let cases: [(String, [(name: String, tensor: Tensor)], [String: String], [String])] = [
            ("wide", [ids, tensor("logits", [3, 5], .float64)], [:], ["logits", "float32", "float64"]),
            ("half", [ids, tensor("logits", [3, 5], .bfloat16)], [:], ["logits", "bfloat16"]),
            ("narrow", [tensor("tokens", [3], .int32), tensor("logits", [3, 5])], [:], ["tokens", "int64", "int32"]),
            ("flat", [ids, tensor("logits", [15])], [:], ["logits", "2 axes", "[15]"]),
            ("rows", [ids, tensor("logits", [4, 5])], [:], ["4", "3"]),
            ("matrix", [tensor("tokens", [3, 1], .int64), tensor("logits", [3, 5])], [:], ["tokens", "1 axes"]),
            ("depth", [ids, tensor("hidden", [3, 4]), tensor("weight", [9, 5])], [:], ["[3, 4]", "[9, 5]"]),
            ("headless", [ids, tensor("hidden", [3, 4])], [:], ["weight"]),
            ("neither", [ids], [:], ["logits", "hidden"]), ("tokenless", [tensor("logits", [3, 5])], [:], ["tokens"]),
            ("hot", [ids, tensor("logits", [3, 5])], ["temperature": "0"], ["temperature", "0"]),
            ("word", [ids, tensor("logits", [3, 5])], ["temperature": "warm"], ["temperature", "warm"]),
            ("id", [(name: "tokens", tensor: Tensor([Int64(0), 1, 5])), tensor("logits", [3, 5])], [:], ["5"]),
            ("low", [(name: "tokens", tensor: Tensor([Int64(0), 1, -1])), tensor("logits", [3, 5])], [:], ["-1"]),
            (
                "outside",
                [(name: "tokens", tensor: Tensor([Int64(9)])), tensor("hidden", [1, 4]), tensor("weight", [9, 4])],
                [:], ["9"]
            ),
            ("novocabulary", [ids, tensor("logits", [3, 0])], [:], []),
        ]
        for (name, tensors, metadata, _) in cases {
            try Safetensors.write(tensors, metadata: metadata, to: scratch(name + ".safetensors"))
        }
        let before = scratch.everything()
        for (name, _, _, words) in cases {
            let sentence = try Maxwell.refusal(
                ["stats", "--in", scratch(name + ".safetensors"), "--out", scratch("out.safetensors")])
            for word in words { #expect(sentence.contains(word), "\(name): \(sentence)") }
        }
        try Maxwell.refusal(["stats", "--in", scratch("nowhere.safetensors"), "--out", scratch("out.safetensors")])
        try Maxwell.refusal(["stats", "--in", scratch("id.safetensors"), "--out", scratch("no/where.safetensors")])
        #expect(scratch.everything() == before)
    }

    @Test func `no rows are no rows`() throws {
        let scratch = try Scratch()
        try Safetensors.write(
            [(name: "tokens", tensor: .zeros([0], dtype: .int64)), (name: "logits", tensor: .zeros([0, 5]))],
            to: scratch("in.safetensors"))
        let result = try Maxwell.run(["stats", "--in", scratch("in.safetensors"), "--out", scratch("out.safetensors")])
        #expect(!result.wasSignalled)
    }
}
