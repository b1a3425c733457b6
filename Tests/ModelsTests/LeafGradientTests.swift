// Gradients of a forward pass beside libtorch's own way through the embedding, added up, with and without a gradient of the head.

import Models
import Testing
import Torch
import Trajectories

@Suite struct LeafGradientTests {
    @Test(arguments: ModelCatalogue.families, [true, false])
    func `looked-up rows and the head's gradient end where autograd puts them`(family: ModelFamily, ties: Bool) throws {
        var config = ModelConfig(
            family: family, vocabularySize: 13, hiddenSize: 24, layers: 2, heads: 4, keyValueHeads: 2, headSize: 8,
            intermediateSize: 40, contextLength: 64, tiesEmbeddings: ties, stopTokens: [0])
        if family == .gemma3 { config.local = LocalLayers(isLocal: [true, false], rotaryBase: 50) }
        let model = try ModelFolder.initialise(config, seed: 6, deviation: 0.3)
        var random = RandomSource(seed: 76, purpose: .testing)
        func normal(_ shape: [Int]) -> Tensor {
            Tensor((0..<shape.reduce(1, *)).map { _ in Float(random.normalPair().0) }, shape: shape)
        }
        let layout = PackedLayout([.init(prompt: 9, completions: [8, 11]), .init(prompt: 3, completions: [6])])
        // more rows than tokens: some are looked up several times
        let ids = Tensor((0..<layout.rowCount).map { _ in Int64(random.integer(below: config.vocabularySize)) })
        let rows: [Int64] = [8, 9, 20, 8, 30]
        try withTorchErrors {
            let seed = normal([rows.count, config.hiddenSize])
            let head = normal([config.vocabularySize, config.hiddenSize])
            let place = try #require(model.headLeaf)
            let plain = gradients(of: [model.hidden(ids, layout: layout).rows(rows)], seeds: [seed], by: model.leaves)
            for added in [nil, head] {
                func expected(calls: Float) -> [[Float]] {
                    plain.map(\.floats).enumerated().map { index, values in
                        let sum = values.map { calls * $0 }
                        return index == place && added != nil ? zip(sum, head.floats).map(+) : sum
                    }
                }
                for recomputes in [false, true] {
                    model.recomputesLayers = recomputes
                    var sums = ParameterGradients(model)
                    sums.head = added?.clone()
                    let pass = model.forward(ids, layout: layout, rows: rows)
                    for calls in 1...2 {
                        pass.addGradients(seed: seed, to: &sums, retainsGraph: calls == 1)
                        let found = sums.tensors
                        for (index, values) in expected(calls: Float(calls)).enumerated() {
                            let most = values.map(abs).max() ?? 0
                            let miss = zip(values, found[index].floats).map { abs($0 - $1) }.max() ?? 0
                            #expect(miss <= 1e-5 * max(most, 1), "\(model.parameters[index].name) \(recomputes)")
                        }
                    }
                }
            }
        }
    }
}
