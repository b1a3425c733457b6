// `maxwell whatif`: what any algorithm would do with a recorded mini-batch, token by token.

import Algorithms
import ArgumentParser
import ConfigCoding
import Torch

struct WhatIfCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whatif", abstract: "What an algorithm would do with a recorded mini-batch.",
        discussion: """
            The input has [N] float32 logprob, entropy, discriminant, expected_discriminant and advantage, int64 sequence (which \
            completion) and group (which prompt), and optionally float32 proximal_logprob, sampled_logprob (logprob where absent), \
            reference_logprob, variance_discriminant and squared_discriminant. Tokens of a completion follow one another; masked tokens \
            are not in the file. The output has float32 [N] weight, g1, g2 and predicted_entropy_change (per unit learning rate). Any \
            option of the algorithm can be set: maxwell whatif --in a.safetensors --algorithm clip_v --set mu_neg=2.5 --out b.safetensors
            """)

    @Option(name: .customLong("in"), help: "safetensors.") var input: String
    @Option(help: "A name such as clip_v.") var algorithm: String
    @Option(name: .customLong("set"), parsing: .singleValue, help: "key=value, an option of the algorithm; repeatable.")
    var settings: [String] = []
    @Option(help: "The update's number, which random choices depend on.") var update = 0
    @Option(name: .customLong("out"), help: "safetensors.") var output: String
    @Flag(help: "Print the metrics as JSON.") var json = false

    func run() throws {
        guard update >= 0 else { throw CommandError("--update must be at least 0, got \(update)") }
        let algorithm = try chosen()
        try Runtime.prepare(threads: nil)
        let batch = try RecordedBatch(input)
        let table = try batch.table(update: update)
        try algorithm.check(table)
        let found = algorithm.coefficients(for: table)
        try JSONLines.refuseSpecialFile(output)
        try withTorchErrors {
            try Safetensors.write(
                [
                    ("weight", found.weight), ("g1", found.g1), ("g2", found.g2),
                    ("predicted_entropy_change", found.predictedEntropyChange),
                ].map { (name: $0.0, tensor: Tensor($0.1)) }, to: output)
        }
        try report(found, of: algorithm.name, tokens: table.count)
    }

    /// The algorithm with its options; every key is known or refused.
    private func chosen() throws -> Algorithm {
        let overrides = ["algorithm.name=\(algorithm)"] + settings.map { "algorithm.\($0)" }
        let root = try ConfigSection.parse("", name: "whatif", overrides: overrides)
        let chosen = try AlgorithmCatalogue.algorithm(from: try root.section("algorithm"))
        try root.finish()
        return chosen
    }

    private func report(_ found: TokenCoefficients, of name: String, tokens: Int) throws {
        if json {
            struct Result: Encodable { var tokens: Int, metrics: [String: Double] }
            let metrics = Dictionary(found.metrics.map { ($0.name, $0.value) }) { first, _ in first }
            try printJSON(Result(tokens: tokens, metrics: metrics))
            return
        }
        print("\(name) on \(tokens) tokens:")
        for metric in found.metrics { print("  \(metric.name): \(metric.value)") }
    }
}

/// The columns of a recorded mini-batch.
private struct RecordedBatch {
    private let path: String
    private let file: SafetensorsFile
    private let count: Int

    init(_ path: String) throws {
        self.path = path
        file = try SafetensorsFile(path)
        count = file.shape(of: "logprob")?.first ?? 0
    }

    func table(update: Int) throws -> TokenTable {
        let logprob = try floats("logprob")
        return try TokenTable(
            policyLogprob: logprob, entropy: floats("entropy"), discriminant: floats("discriminant"),
            expectedDiscriminant: floats("expected_discriminant"),
            varianceDiscriminant: optional("variance_discriminant"),
            squaredDiscriminant: optional("squared_discriminant"),
            proximalLogprob: optional("proximal_logprob") ?? logprob,
            sampledLogprob: optional("sampled_logprob") ?? logprob, referenceLogprob: optional("reference_logprob"),
            advantage: floats("advantage"), sequence: ids("sequence"), group: ids("group"), update: update)
    }

    private func optional(_ name: String) throws -> [Float]? {
        file.names.contains(name) ? try floats(name) : nil
    }

    private func floats(_ name: String) throws -> [Float] {
        let tensor = try column(name, .float32)
        return try withTorchErrors { tensor.floats }
    }

    private func ids(_ name: String) throws -> [Int32] {
        let tensor = try column(name, .int64)
        return try withTorchErrors { tensor.values(as: Int64.self) }.map { value in
            guard let id = Int32(exactly: value) else {
                throw CommandError("\(path): '\(name)' holds \(value); number completions and prompts from 0")
            }
            return id
        }
    }

    private func column(_ name: String, _ dtype: DType) throws -> Tensor {
        let tensor = try file.tensor(name)
        guard tensor.shape == [count], tensor.dtype == dtype else {
            throw CommandError(
                "\(path): '\(name)' must be \(dtype) of shape [\(count)], as logprob is, but is \(tensor.dtype) of shape "
                    + "\(tensor.shape)")
        }
        return tensor
    }
}
