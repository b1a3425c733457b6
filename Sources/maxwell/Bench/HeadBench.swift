// The policy head: statistics, statistics with gradients, and how both grow with tokens and vocabulary.

import Models
import Torch
import Trajectories

enum HeadBench {
    /// The head's shapes of a small, a middle and a 0.5-billion model.
    static let shapes = [
        HeadShape(tokens: 4096, hidden: 256, vocabulary: 512), HeadShape(tokens: 4096, hidden: 512, vocabulary: 8192),
        HeadShape(tokens: 256, hidden: 896, vocabulary: 151_936),
    ]

    static func group(_ plan: BenchPlan) -> BenchGroup {
        BenchGroup(name: "head", count: 2 * plan.heads.count + LinearBench.productCount, rounds: plan.rounds) {
            try LinearBench.products() + plan.heads.flatMap { try cases($0, name: $0.text) }
        }
    }

    static func series(_ plan: BenchPlan) -> [BenchGroup] {
        let tokens = plan.sizes([128, 256, 512, 1024, 2048, 4096])
        let vocabularies = plan.sizes([512, 2048, 8192, 32_768, 131_072])
        func series(_ name: String, _ variable: String, _ sizes: [Int], _ shape: @escaping (Int) -> HeadShape)
            -> BenchGroup
        {
            BenchGroup(
                name: name, count: sizes.count, rounds: plan.rounds, variable: variable, parts: ["total"]
            ) {
                try sizes.compactMap { size in
                    var item = try cases(shape(size), name: "\(size)").last
                    item?.size = Double(size)
                    return item
                }
            }
        }
        return [
            series("head-tokens", "tokens N", tokens) { HeadShape(tokens: $0, hidden: 256, vocabulary: 8192) },
            series("head-vocabulary", "vocabulary V", vocabularies) {
                HeadShape(tokens: 256, hidden: 256, vocabulary: $0)
            },
        ]
    }

    /// Forward, and forward with backward, of one shape.
    private static func cases(_ shape: HeadShape, name: String) throws -> [BenchCase] {
        let (hidden, weight, ids) = try withTorchErrors {
            (
                RandomTensor.normal([shape.tokens, shape.hidden], seed: 1),
                RandomTensor.normal([shape.vocabulary, shape.hidden], seed: 2, deviation: 0.02),
                Tensor((0..<shape.tokens).map { Int64($0 * 7919 % shape.vocabulary) })
            )
        }
        let g1 = (0..<shape.tokens).map { Float($0 % 7 - 3) / Float(3 * shape.tokens) }
        let g2 = [Float](repeating: 1 / Float(shape.tokens), count: shape.tokens)
        let statistics = { PolicyHeadKernels.statistics(hidden: hidden, weight: weight, ids: ids, temperature: 1) }
        return [
            BenchCase("\(name)/forward", operations: shape.operations, tokens: Double(shape.tokens)) {
                _ = try withTorchErrors { statistics().floats }
                return [:]
            },
            // the logits are made twice: 2 NDV each, and 4 NDV for the two gradients
            BenchCase("\(name)/forward_backward", operations: 4 * shape.operations, tokens: Double(shape.tokens)) {
                try withTorchErrors {
                    _ = PolicyHeadKernels.gradient(
                        hidden: hidden, weight: weight, ids: ids, statistics: statistics(), g1: g1, g2: g2,
                        temperature: 1)
                }
                return [:]
            },
        ]
    }
}

enum RandomTensor {
    /// Normal numbers; a block of them is repeated, for speed: only their size matters here.
    static func normal(_ shape: [Int], seed: UInt64, deviation: Double = 1) -> Tensor {
        var random = RandomSource(seed: seed, purpose: .testing)
        let block = (0..<4096).map { _ in Float(random.normalPair().0 * deviation) }
        let count = shape.reduce(1, *)
        // an odd stride, so that rows differ
        return Tensor((0..<count).map { block[($0 + $0 / 4093) & 4095] }, shape: shape)
    }
}
