// What a refused update was made of, saved in the format that `maxwell whatif` reads.

import Foundation
import Models
import Runs
import Torch

/// Columns of the tokens of a mini-batch.
struct RefusedBatch {
    var sequences: [TrainingSequence]
    var statistics: TokenStatistics
    var sampledLogprob: [Float]
    var advantage: [Float]
    var group: [Int32]

    /// Writes `update-NNNNNN.safetensors`; non-finite numbers stay as they are.
    /// - Returns: the path.
    func write(update: Int, defect: NumericalDefect, in folder: String) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let digits = String(update)
        let path = "\(folder)/update-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).safetensors"
        let sequence = sequences.enumerated().flatMap { index, sequence in sequence.tokens.map { _ in Int64(index) } }
        try withTorchErrors {
            try Safetensors.write(
                [
                    ("tokens", Tensor(sequences.flatMap { $0.tokens.map(Int64.init) })),
                    ("sequence", Tensor(sequence)), ("group", Tensor(group.map(Int64.init))),
                    ("logprob", Tensor(statistics.logprob)), ("entropy", Tensor(statistics.entropy)),
                    ("discriminant", Tensor(statistics.discriminant)),
                    ("expected_discriminant", Tensor(statistics.expectedDiscriminant)),
                    ("sampled_logprob", Tensor(sampledLogprob)), ("advantage", Tensor(advantage)),
                ].map { (name: $0.0, tensor: $0.1) }, metadata: ["defect": defect.description], to: path)
        }
        return path
    }
}
