// `maxwell stats`: the policy head's statistics of given logits, or of given hidden states and head.

import ArgumentParser
import Models
import Torch

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Token statistics of logits, or of hidden states and a head.",
        discussion: """
            The input has "tokens" [N] int64 and either "logits" [N, V] float32, or "hidden" [N, D] and "weight" [V, D] (float32 or \
            bfloat16); optional metadata "temperature". The output has float32 [N] logprob, lse, entropy, discriminant (S*), \
            expected_discriminant (E[S]), variance_discriminant and collision.
            """)

    @Option(name: .customLong("in"), help: "safetensors.") var input: String
    @Option(name: .customLong("out"), help: "safetensors.") var output: String
    @Option(help: "Threads of libtorch; its own choice if not given.") var threads: Int?

    func validate() throws { try OptionBounds.check(threads: threads) }

    func run() throws {
        try Runtime.prepare(threads: threads)
        let file = try SafetensorsFile(input)
        let temperature =
            try file.metadata["temperature"].map { text in
                guard let value = Double(text), value > 0, value.isFinite else {
                    throw CommandError("\(input): metadata temperature must be a positive number, got \(text)")
                }
                return value
            } ?? 1
        let ids = try expect(file, "tokens", rank: 1, dtypes: [.int64])
        let matrix: Tensor
        if file.names.contains("logits") {
            let logits = try expect(file, "logits", rank: 2, dtypes: [.float32])
            guard logits.shape[0] == ids.shape[0] else {
                throw CommandError("\(input): logits have \(logits.shape[0]) rows, tokens \(ids.shape[0])")
            }
            matrix = try withTorchErrors {
                PolicyHeadKernels.statistics(logits: logits, ids: ids, temperature: temperature)
            }
        } else if file.names.contains("hidden") {
            let hidden = try expect(file, "hidden", rank: 2, dtypes: [.float32, .bfloat16])
            let weight = try expect(file, "weight", rank: 2, dtypes: [.float32, .bfloat16])
            guard hidden.shape[1] == weight.shape[1], hidden.shape[0] == ids.shape[0] else {
                throw CommandError(
                    "\(input): hidden \(hidden.shape), weight \(weight.shape) and tokens \(ids.shape) do not fit; they must be [N, D], [V, D] and [N]"
                )
            }
            matrix = try withTorchErrors {
                PolicyHeadKernels.statistics(hidden: hidden, weight: weight, ids: ids, temperature: temperature)
            }
        } else {
            throw CommandError(
                "\(input) has neither 'logits' nor 'hidden' and 'weight'; it has \(file.names.joined(separator: ", "))")
        }
        let rows: [(String, StatisticsRow)] = [
            ("logprob", .logprob), ("lse", .lse), ("entropy", .entropy), ("discriminant", .discriminant),
            ("expected_discriminant", .expectedDiscriminant), ("variance_discriminant", .varianceDiscriminant),
            ("collision", .collision),
        ]
        try withTorchErrors {
            let named = rows.map { name, row in
                (name: name, tensor: matrix.slice(row.rawValue..<(row.rawValue + 1)).reshaped([ids.shape[0]]).clone())
            }
            try JSONLines.refuseSpecialFile(output)
            try Safetensors.write(named, to: output)
        }
    }

    private func expect(_ file: SafetensorsFile, _ name: String, rank: Int, dtypes: [DType]) throws -> Tensor {
        let tensor = try file.tensor(name)
        guard tensor.rank == rank else {
            throw CommandError("\(input): '\(name)' must have \(rank) axes, has shape \(tensor.shape)")
        }
        guard dtypes.contains(tensor.dtype) else {
            throw CommandError(
                "\(input): '\(name)' must be \(dtypes.map { "\($0)" }.joined(separator: " or ")), is \(tensor.dtype)")
        }
        return tensor
    }
}
