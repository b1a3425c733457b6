// LoRA adapters: PEFT's folders give PEFT's logits, ours are read by the same names, and gradients are slopes.

import Foundation
import Testing
import Torch
import Trajectories

@testable import Models

/// One adapter folder of Fixtures (tools/reference/adapters.py).
struct AdapterFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let base: Fixture

    static let all = [
        AdapterFixture(name: "adapter-qwen2-all", base: Fixture(name: "qwen2-gqa-tied")),
        AdapterFixture(name: "adapter-llama-attention", base: Fixture(name: "llama-gqa-scaled-tied")),
        AdapterFixture(name: "adapter-qwen3-one-layer", base: Fixture(name: "qwen3-gqa-wide-heads")),
    ]

    var folder: String { Fixture(name: name).folder }
    var testDescription: String { name }

    func load() throws -> AdaptedModel { try AdapterFolder.load(folder, base: base.folder) }

    func reference() throws -> (ids: [Int64], logits: [Float]) {
        let file = try SafetensorsFile(folder + "/reference.safetensors")
        return try withTorchErrors { (try file.tensor("ids").values(), try file.tensor("logits").floats) }
    }
}

@Suite struct AdapterTests {
    @Test(arguments: AdapterFixture.all)
    func `logits with adapters are those of PEFT`(fixture: AdapterFixture) throws {
        let model = try fixture.load()
        let (ids, expected) = try fixture.reference()
        let worst = largestDifference(try model.logits(ids), expected)
        #expect(worst < 1e-4)
        #expect(largestDifference(try ModelFolder.load(fixture.base.folder).logits(ids), expected) > 0.1)
        print("\(fixture.name): worst difference to PEFT \(worst)")
    }

    @Test(arguments: AdapterFixture.all)
    func `saved adapters have PEFT's names and bits, and the merged model computes the same`(
        fixture: AdapterFixture
    ) throws {
        let scratch = try ScratchFolder()
        let model = try fixture.load()
        try withTorchErrors {
            try AdapterFolder.save(model, base: fixture.base.folder, to: scratch("adapter"))
            try ModelFolder.save(model, to: scratch("merged"), companions: ModelCompanions(fixture.base.folder))
        }
        let files = try [fixture.folder, scratch("adapter")].map {
            try SafetensorsFile($0 + "/adapter_model.safetensors")
        }
        #expect(files[0].names == files[1].names)
        for name in files[0].names {
            let values = try withTorchErrors { try files.map { try $0.tensor(name).floats } }
            #expect(values[0] == values[1], "\(name)")
        }
        func fields(_ folder: String) throws -> [String: Any] {
            let bytes = try Data(contentsOf: URL(filePath: folder + "/adapter_config.json"))
            return try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:]
        }
        let (theirs, ours) = (try fields(fixture.folder), try fields(scratch("adapter")))
        for key in ["peft_type", "task_type", "bias"] {
            #expect(ours[key] as? String == theirs[key] as? String, "\(key)")
        }
        for key in ["r", "lora_alpha"] { #expect(ours[key] as? Int == theirs[key] as? Int, "\(key)") }
        let isPartial = theirs["layers_to_transform"] is [Any]
        let expected =
            isPartial
            ? model.adapters.map(\.module).sorted() : (theirs["target_modules"] as? [String] ?? []).sorted()
        #expect((ours["target_modules"] as? [String])?.sorted() == expected)
        for key in ours.keys { #expect(theirs[key] != nil, "PEFT knows \(key)") }
        #expect(ours["base_model_name_or_path"] as? String == fixture.base.folder)
        let ids = try fixture.reference().ids
        let again = try AdapterFolder.load(scratch("adapter"), base: fixture.base.folder)
        #expect(try again.logits(ids) == model.logits(ids))
        #expect(try ModelFolder.load(scratch("merged")).logits(ids) == model.logits(ids))
    }

    @Test(arguments: [Fixture.all[0], Fixture(name: "gemma3-gqa")])
    func `new adapters change nothing, and as many are trained as stated`(fixture: Fixture) throws {
        let plain = try ModelFolder.load(fixture.folder)
        let settings = AdapterSettings(rank: 3, alpha: 4, targets: ["k_proj", "gate_proj", "down_proj"])
        let model = try AdapterFolder.fresh(settings, base: fixture.folder, seed: 5)
        let ids = try fixture.references()[0].ids
        #expect(try model.logits(ids) == plain.logits(ids))
        #expect(model.adapters.count == 3 * model.config.layers)
        let counts = settings.counts(in: model.config)
        try withTorchErrors {
            #expect(model.parameters.reduce(0) { $0 + $1.tensor.count } == counts.adapters)
            #expect(model.leaves.reduce(0) { $0 + $1.count } == counts.adapted)
            let first = try AdapterFolder.fresh(settings, base: fixture.folder, seed: 5).parameters[0].tensor.floats
            let other = try AdapterFolder.fresh(settings, base: fixture.folder, seed: 6).parameters[0].tensor.floats
            let own = model.parameters[0].tensor.floats
            #expect(own == first && own != other)
            let bound = 1 / Float(model.config.hiddenSize).squareRoot()
            #expect(own.allSatisfy { abs($0) <= bound } && own.contains { abs($0) > bound / 2 })
        }
        #expect(model.headLeaf == nil)
        #expect(model.weights.map(\.name) == plain.weights.map(\.name))
    }

    @Test(arguments: AdapterFixture.all)
    func `the gradient by every adapter is the slope of the loss`(fixture: AdapterFixture) throws {
        let model = try fixture.load()
        let ids = try fixture.reference().ids
        let rows = ids.indices.map(Int64.init)
        var random = RandomSource(seed: 74, purpose: .testing)
        let seeds = (0..<(ids.count * model.config.hiddenSize)).map { _ in Float(random.normalPair().0) }
        let layout = PackedLayout([.init(prompt: ids.count)])
        func loss() throws -> Double {
            let hidden = try withTorchErrors { withoutGradient { model.hidden(Tensor(ids), layout: layout).floats } }
            return zip(hidden, seeds).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let found = try withTorchErrors {
            let pass = model.forward(Tensor(ids), layout: layout, rows: rows)
            let seed = Tensor(seeds, shape: [ids.count, model.config.hiddenSize])
            var sums = ParameterGradients(model)
            pass.addGradients(seed: seed, to: &sums, retainsGraph: false)
            return sums.tensors.map(\.floats)
        }
        #expect(found.count == model.parameters.count)
        for (parameter, gradient) in zip(model.parameters, found) {
            let square = gradient.reduce(0) { $0 + Double($1) * Double($1) }
            #expect(square > 0, "\(parameter.name)")
            let step = 1e-3 / square.squareRoot()
            func moved(_ factor: Double) throws -> Double {
                let before = try withTorchErrors { parameter.tensor.clone() }
                func set(_ value: Tensor) throws {
                    try withTorchErrors {
                        parameter.tensor.assign(value)
                        model.parametersChanged()
                    }
                }
                try set(try withTorchErrors { before + Tensor(gradient, shape: parameter.tensor.shape) * factor })
                defer { try? set(before) }
                return try loss()
            }
            let slope = (try moved(step) - moved(-step)) / (2 * step)
            #expect(abs(slope - square) < 2e-2 * square, "\(parameter.name): slope \(slope), gradient \(square)")
        }
    }

    @Test(arguments: [
        (#"{"peft_type": "IA3"}"#, "'peft_type' is IA3; the supported one is LORA"),
        (#"{"peft_type": null}"#, "'peft_type' is missing"),
        (#"{"bias": "all"}"#, "'bias' is all; the supported one is none"),
        (#"{"use_dora": true}"#, "'use_dora' is true; only plain adapters, W + (alpha/r) B A, are supported"),
        (#"{"use_rslora": true}"#, "'use_rslora' is true; only plain adapters, W + (alpha/r) B A, are supported"),
        (
            #"{"rank_pattern": {"q_proj": 2}}"#,
            "'rank_pattern' is set; adapters of one rank and one alpha are supported"
        ),
        (
            #"{"modules_to_save": ["lm_head"]}"#,
            "'modules_to_save' is set; adapters of one rank and one alpha are supported"
        ),
        (#"{"r": 0}"#, "'r' must be a positive integer of at most 65536, got 0"),
        (#"{"lora_alpha": null}"#, "'lora_alpha' is missing"),
    ])
    func `settings that are not supported are refused by name`(json: String, reason: String) throws {
        let scratch = try ScratchFolder()
        let fixture = AdapterFixture.all[1]
        let copy = scratch("adapter")
        try FileManager.default.copyItem(atPath: fixture.folder, toPath: copy)
        let changes = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
        try edit(copy + "/adapter_config.json") { $0.merge(changes) { _, new in new } }
        let error = #expect(throws: ModelError.self) { try AdapterFolder.load(copy, base: fixture.base.folder) }
        #expect(error?.message == "\(copy)/adapter_config.json: \(reason)")
    }

    @Test func `weights that do not fit are refused by name`() throws {
        let scratch = try ScratchFolder()
        let fixture = AdapterFixture.all[1]
        let copy = scratch("adapter")
        try FileManager.default.copyItem(atPath: fixture.folder, toPath: copy)
        let path = copy + "/adapter_model.safetensors"
        let module = "base_model.model.model.layers.0.self_attn.q_proj"
        func refusal(_ change: (inout [String: Tensor]) -> Void) throws -> String? {
            try withTorchErrors {
                let file = try SafetensorsFile(fixture.folder + "/adapter_model.safetensors")
                var tensors: [String: Tensor] = [:]
                for name in file.names { tensors[name] = try file.tensor(name) }
                change(&tensors)
                try Safetensors.write(tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: path)
            }
            let error = #expect(throws: ModelError.self) { try AdapterFolder.load(copy, base: fixture.base.folder) }
            return error?.message
        }
        #expect(try refusal { $0[module + ".lora_B.weight"] = nil } == "\(path): '\(module).lora_B.weight' is missing")
        #expect(
            try refusal { $0[module + ".lora_A.weight"] = .zeros([2, 32]) }
                == "\(path): '\(module).lora_A.weight' has shape [2, 32], adapter_config.json and the model imply [3, 32]"
        )
        #expect(
            try refusal { $0["base_model.model.lm_head.lora_A.weight"] = .zeros([3, 32]) }
                == "\(path): 'base_model.model.lm_head.lora_A.weight' is no adapter of a linear layer of "
                + "\(fixture.base.folder); adapters of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj "
                + "are supported")
        #expect(try refusal { $0 = [:] } == "\(path): it holds no adapter")
    }
}
