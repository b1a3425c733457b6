// Model folders: what is saved is loaded again bit for bit, and folders that do not fit are refused by name.

import Foundation
import Testing
import Torch
import Trajectories

@testable import Models

@Suite struct ModelFolderTests {
    @Test(arguments: Fixture.all)
    func `a saved model is the loaded one, bit for bit`(fixture: Fixture) throws {
        let scratch = try ScratchFolder()
        let model = try ModelFolder.load(fixture.folder)
        try withTorchErrors {
            try ModelFolder.save(model, to: scratch("out"), companions: ModelCompanions(fixture.folder))
        }
        let again = try ModelFolder.load(scratch("out"))
        #expect(again.config == model.config)
        #expect(again.parameters.map(\.name) == model.parameters.map(\.name))
        let ids = try fixture.references()[1].ids
        #expect(try model.logits(ids).map(\.bitPattern) == again.logits(ids).map(\.bitPattern))
        func fields(_ folder: String) throws -> NSDictionary? {
            let bytes = try Data(contentsOf: URL(filePath: folder + "/config.json"))
            return try JSONSerialization.jsonObject(with: bytes) as? NSDictionary
        }
        // the weights are written in float32 whatever they were
        let expected = try fields(fixture.folder)?.mutableCopy() as? NSMutableDictionary
        expected?["dtype"] = "float32"
        #expect(try fields(scratch("out")) == expected, "fields Maxwell does not interpret are kept")
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch("out")).sorted()
        #expect(files == ["config.json", "generation_config.json", "model.safetensors"])
        #expect(try SafetensorsFile(scratch("out/model.safetensors")).metadata == ["format": "pt"])
    }

    @Test(arguments: ModelCatalogue.families)
    func `a model without a source folder is saved with a config that loads`(family: ModelFamily) throws {
        let scratch = try ScratchFolder()
        var config = ModelConfig(
            family: family, vocabularySize: 50, hiddenSize: 24, layers: 2, heads: 6, keyValueHeads: 2, headSize: 10,
            intermediateSize: 40, normEpsilon: 1e-5, rotaryBase: 5e5,
            rotaryScaling: .llama3(factor: 8, low: 1, high: 4, original: 32), contextLength: 64, tiesEmbeddings: true,
            stopTokens: [7, 9])
        if family == .gemma3 {
            config.queryScale = 7
            config.local = LocalLayers(isLocal: [true, false], rotaryBase: 100)
        }
        let model = try ModelFolder.initialise(config, seed: 3)
        try withTorchErrors { try ModelFolder.save(model, to: scratch("deep/out"), companions: ModelCompanions(nil)) }
        let again = try ModelFolder.load(scratch("deep/out"))
        #expect(again.config == config)
        #expect(try again.logits([1, 2, 3]) == model.logits([1, 2, 3]))
        let count = try withTorchErrors { again.parameters.reduce(0) { $0 + $1.tensor.count } }
        #expect(count == config.parameterCount)
    }

    @Test func `weights of half precision are loaded in float32 and saved as such`() throws {
        let scratch = try ScratchFolder()
        let copy = try Fixture.all[0].copied(to: scratch)
        let weights = copy + "/model.safetensors"
        try withTorchErrors {
            let file = try SafetensorsFile(weights)
            try Safetensors.write(file.names.map { ($0, try file.tensor($0).cast(to: .bfloat16)) }, to: weights)
        }
        try edit(copy + "/config.json") { $0["torch_dtype"] = "bfloat16" }
        let model = try ModelFolder.load(copy)
        #expect(model.parameters.allSatisfy { $0.tensor.dtype == .float32 })
        try withTorchErrors { try ModelFolder.save(model, to: scratch("out"), companions: ModelCompanions(copy)) }
        let bytes = try Data(contentsOf: URL(filePath: scratch("out/config.json")))
        let fields = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
        #expect(fields?["torch_dtype"] as? String == "float32")
        #expect(fields?["dtype"] as? String == "float32")
        let ids = try Fixture.all[0].references()[0].ids
        #expect(try ModelFolder.load(scratch("out")).logits(ids) == model.logits(ids))
    }

    @Test func `a folder that cannot be written is named`() throws {
        let scratch = try ScratchFolder()
        try Data().write(to: URL(filePath: scratch("file")))
        let model = try ModelFolder.load(Fixture.all[0].folder)
        let error = #expect(throws: ModelError.self) {
            try withTorchErrors {
                try ModelFolder.save(model, to: scratch("file/out"), companions: ModelCompanions(nil))
            }
        }
        #expect(error?.code == .unwritable)
        #expect(error?.message.hasPrefix("cannot write the model to \(scratch("file/out")): ") == true)
    }

    func refusal(_ folder: String) -> String? {
        do {
            _ = try ModelFolder.load(folder)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `missing files are named`() throws {
        let scratch = try ScratchFolder()
        #expect(refusal(scratch("none")) == "cannot read \(scratch("none"))/config.json; a model folder needs it")
        let copy = try Fixture.all[0].copied(to: scratch)
        try FileManager.default.removeItem(atPath: copy + "/model.safetensors")
        #expect(
            refusal(copy)
                == "\(copy) has neither model.safetensors nor model.safetensors.index.json; weights must be safetensors"
        )
    }

    @Test func `weights that are absent or of another shape are named`() throws {
        let scratch = try ScratchFolder()
        let copy = try Fixture.all[0].copied(to: scratch)
        let path = copy + "/model.safetensors"
        let name = "model.layers.1.mlp.up_proj.weight"
        func rewrite(_ change: (String, Tensor) -> Tensor?) throws {
            try withTorchErrors {
                let file = try SafetensorsFile(Fixture.all[0].folder + "/model.safetensors")
                let kept = try file.names.compactMap { key in try change(key, file.tensor(key)).map { (key, $0) } }
                try Safetensors.write(kept, to: path)
            }
        }
        try rewrite { $0 == name ? nil : $1 }
        #expect(
            refusal(copy)
                == "\(copy) has no weight '\(name)'; the checkpoint is incomplete or of another architecture")
        try rewrite { $0 == name ? $1.transposed(0, 1) : $1 }
        #expect(refusal(copy) == "\(copy): '\(name)' has shape [32, 40], config.json implies [40, 32]")
        try Data("not weights".utf8).write(to: URL(filePath: path))
        #expect(refusal(copy)?.hasPrefix("\(path) is not a valid safetensors file: its header claims ") == true)
    }

    @Test func `shards stay in their folder`() throws {
        let scratch = try ScratchFolder()
        let copy = try Fixture.all[3].copied(to: scratch)
        let index = copy + "/model.safetensors.index.json"
        for shard in ["../secret.safetensors", "/etc/passwd", "sub/model.safetensors", ".."] {
            try edit(index) { fields in
                var map = fields["weight_map"] as? [String: Any] ?? [:]
                map["model.norm.weight"] = shard
                fields["weight_map"] = map
            }
            #expect(refusal(copy) == "\(index) names a shard outside its folder: \(shard)")
        }
        try edit(index) { fields in
            var map = fields["weight_map"] as? [String: Any] ?? [:]
            map["model.norm.weight"] = "gone.safetensors"
            fields["weight_map"] = map
        }
        #expect(refusal(copy) == "cannot open \(copy)/gone.safetensors: no readable file there")
        try edit(index) { $0["weight_map"] = nil }
        #expect(refusal(copy) == "\(index) has no 'weight_map'; fetch it again")
        try Data("]".utf8).write(to: URL(filePath: index))
        #expect(refusal(copy) == "\(index) has no 'weight_map'; fetch it again")
    }
}
