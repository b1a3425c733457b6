// Gradient checkpointing: layers computed again give the same states and the same gradients.

import Models
import Testing
import Torch
import Trajectories

@Suite struct RecomputationTests {
    /// Hidden states of some rows, one twice, and the gradients by all parameters.
    func run(_ model: any LanguageModel, recomputes: Bool, calls: Int = 1) throws -> (hidden: [Float], by: [[Float]]) {
        model.recomputesLayers = recomputes
        var random = RandomSource(seed: 75, purpose: .testing)
        let layout = PackedLayout([.init(prompt: 5, completions: [4, 7]), .init(prompt: 3, completions: [2])])
        let ids = (0..<layout.rowCount).map { _ in Int64(random.integer(below: model.config.vocabularySize)) }
        let rows: [Int64] = [4, 5, 6, 4, 9, 15, 18]
        let seed = (0..<(rows.count * model.config.hiddenSize)).map { _ in Float(random.normalPair().0) }
        return try withTorchErrors {
            let pass = model.forward(Tensor(ids), layout: layout, rows: rows)
            let weight = Tensor(seed, shape: [rows.count, model.config.hiddenSize])
            var found = ParameterGradients(model)
            for call in 1...calls {
                found = ParameterGradients(model)
                pass.addGradients(seed: weight, to: &found, retainsGraph: call < calls)
            }
            return (pass.hidden.floats, found.tensors.map(\.floats))
        }
    }

    @Test(arguments: ModelCatalogue.families)
    func `gradients are those of the kept graph, bit for bit`(family: ModelFamily) throws {
        for ties in [true, false] {
            var config = ModelConfig(
                family: family, vocabularySize: 31, hiddenSize: 24, layers: 3, heads: 4, keyValueHeads: 2, headSize: 8,
                intermediateSize: 40, contextLength: 64, tiesEmbeddings: ties, stopTokens: [0])
            if family == .gemma3 { config.local = LocalLayers(isLocal: [true, false, true], rotaryBase: 50) }
            let model = try ModelFolder.initialise(config, seed: 4, deviation: 0.3)
            let kept = try run(model, recomputes: false)
            let again = try run(model, recomputes: true)
            #expect(kept.hidden == again.hidden)
            #expect(again.by.count == model.parameters.count)
            for (index, parameter) in model.parameters.enumerated() {
                #expect(kept.by[index] == again.by[index], "\(parameter.name)")
                let isHead = parameter.name == "lm_head.weight"
                #expect(again.by[index].contains { $0 != 0 } != isHead, "\(parameter.name)")
            }
            #expect(try run(model, recomputes: true, calls: 2).by == again.by)
        }
    }

    @Test func `of adapters as well`() throws {
        for fixture in AdapterFixture.all {
            let kept = try run(try fixture.load(), recomputes: false)
            let again = try run(try fixture.load(), recomputes: true)
            #expect(kept.hidden == again.hidden && kept.by == again.by)
        }
    }
}
