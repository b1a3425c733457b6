// The tiny checkpoints of every family that transformers wrote, and what it computed on them.

import Foundation
import Models
import Testing
import Torch
import Trajectories

/// One folder of Fixtures (tools/reference/qwen2.py and architectures.py).
struct Fixture: Sendable, CustomTestStringConvertible {
    let name: String

    static let qwen2 = ["qwen2-mha-untied", "qwen2-gqa-tied", "qwen2-mqa-seven-heads", "qwen2-gqa-tied-sharded"]
        .map(Fixture.init)
    static let others = [
        "qwen3-gqa-wide-heads", "qwen3-mha-untied-bfloat16", "llama-mha-older", "llama-gqa-scaled-tied",
        "llama-gqa-scaled-float16-sharded", "llama-linear-scaling", "mistral-gqa-no-window", "mistral-mqa-window",
        "gemma3-gqa", "gemma3-mqa-scaled-wide-heads",
    ].map(Fixture.init)
    static let all = qwen2 + others

    var folder: String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)").path()
    }
    var testDescription: String { name }

    /// Token ids [T] and logits [T, V] of the two reference sequences.
    func references() throws -> [(ids: [Int64], logits: [Float])] {
        let file = try SafetensorsFile(folder + "/reference.safetensors")
        return try withTorchErrors {
            try (0..<2).map { (try file.tensor("ids_\($0)").values(), try file.tensor("logits_\($0)").floats) }
        }
    }

    /// What greedy decoding appends to the two reference sequences; only `others` have it.
    func greedy() throws -> [[Int64]] {
        let file = try SafetensorsFile(folder + "/reference.safetensors")
        return try withTorchErrors { try (0..<2).map { try file.tensor("greedy_\($0)").values() } }
    }

    /// A copy of the folder that a test may spoil.
    func copied(to scratch: borrowing ScratchFolder) throws -> String {
        let path = scratch("copy")
        try FileManager.default.copyItem(atPath: folder, toPath: path)
        return path
    }
}

extension LanguageModel {
    /// Logits of one sequence, row-major [T, V].
    func logits(_ ids: [Int64]) throws -> [Float] {
        try withTorchErrors {
            withoutGradient {
                hidden(Tensor(ids), layout: PackedLayout([.init(prompt: ids.count)])).linear(headWeight).floats
            }
        }
    }
}

/// The largest |a - b|; infinity where the lengths differ or a number is not finite.
func largestDifference(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { worst, pair in
        let difference = abs(Double(pair.0) - Double(pair.1))
        return difference.isFinite ? max(worst, difference) : .infinity
    }
}

/// A folder of its own for each test, removed with the value.
struct ScratchFolder: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

/// Edits the JSON object in a file.
func edit(_ path: String, _ change: (inout [String: Any]) -> Void) throws {
    let url = URL(filePath: path)
    var fields = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
    change(&fields)
    try JSONSerialization.data(withJSONObject: fields).write(to: url)
}
