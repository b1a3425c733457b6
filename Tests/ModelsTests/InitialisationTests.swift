// Random initial weights are a function of the seed, with the deviations they state.

import Foundation
import Models
import Testing
import Torch

@Suite struct InitialisationTests {
    let config = ModelConfig(
        vocabularySize: 211, hiddenSize: 48, layers: 2, heads: 6, keyValueHeads: 2, intermediateSize: 64,
        contextLength: 64, tiesEmbeddings: false, stopTokens: [0])

    func values(seed: UInt64) throws -> [String: [Float]] {
        let model = try ModelFolder.initialise(config, seed: seed)
        return try withTorchErrors {
            Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.tensor.floats) })
        }
    }

    @Test func `the same seed gives the same weights, another one others`() throws {
        let first = try values(seed: 1)
        #expect(try values(seed: 1) == first)
        let second = try values(seed: 2)
        for (name, weights) in first where !name.hasSuffix("norm.weight") && !name.hasSuffix("bias") {
            #expect(second[name] != weights, "\(name)")
        }
        let matrices = first.values.filter { $0.count > 64 }
        #expect(Set(matrices).count == matrices.count, "no two matrices share their numbers")
    }

    @Test func `norms are one, biases zero, matrices as wide as stated`() throws {
        for (name, weights) in try values(seed: 5) {
            let count = Double(weights.count)
            let mean = weights.reduce(0) { $0 + Double($1) } / count
            let deviation = (weights.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count).squareRoot()
            if name.hasSuffix("norm.weight") {
                #expect(weights.allSatisfy { $0 == 1 })
            } else if name.hasSuffix("bias") {
                #expect(weights.allSatisfy { $0 == 0 })
            } else {
                let isOutput = name.hasSuffix("o_proj.weight") || name.hasSuffix("down_proj.weight")
                let expected = isOutput ? 0.02 / 2 : 0.02
                // five standard errors of a mean and of a deviation
                #expect(abs(mean) < 5 * expected / count.squareRoot(), "\(name)")
                #expect(abs(deviation - expected) < 5 * expected / (2 * count).squareRoot(), "\(name)")
            }
        }
    }

    @Test(arguments: ModelCatalogue.families)
    func `a family's parameters are as many as its config says, and its norms do nothing`(family: ModelFamily) throws {
        var own = config
        own.family = family
        own.headSize = 10
        let model = try ModelFolder.initialise(own, seed: 1)
        try withTorchErrors {
            #expect(model.parameters.reduce(0) { $0 + $1.tensor.count } == own.parameterCount)
            for parameter in model.parameters where parameter.name.hasSuffix("norm.weight") {
                #expect(parameter.tensor.floats.allSatisfy { $0 == (family == .gemma3 ? 0 : 1) }, "\(parameter.name)")
            }
        }
    }

    @Test func `a tied head is the embedding, listed once`() throws {
        var tied = config
        tied.tiesEmbeddings = true
        let model = try ModelFolder.initialise(tied, seed: 1)
        #expect(!model.parameters.contains { $0.name == "lm_head.weight" })
        #expect(Set(model.parameters.map(\.name)).count == model.parameters.count)
        try withTorchErrors {
            #expect(model.headWeight.floats == model.parameters[0].tensor.floats)
            #expect(model.parameters.reduce(0) { $0 + $1.tensor.count } == tied.parameterCount)
        }
    }
}
