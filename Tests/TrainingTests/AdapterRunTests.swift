// Runs that train adapters: the base stays, the checkpoint has both forms, and stopping changes nothing.

import ConfigCoding
import Foundation
import Models
import Runs
import Testing
import Torch
import Training
import Trajectories

@Suite struct AdapterRunTests {
    static let lora = ["lora.rank=2", "lora.alpha=8", "optimiser.learning_rate=1e-2"]

    @Test func `a run trains adapters alone, and its checkpoint is merged and has them beside it`() throws {
        let start = try WarmStart()
        let path = try TrainingRun(try TinyRun.config(start.yaml("run"), Self.lora), resume: false).run()
        let adapted = try AdapterFolder.load(path + "/adapter", base: start.model)
        #expect(adapted.settings == AdapterSettings(rank: 2, alpha: 8))
        let (merged, base) = (try weights(path), try weights(start.model))
        try withTorchErrors {
            for weight in adapted.weights { #expect(merged[weight.name] == weight.tensor.floats.map(\.bitPattern)) }
        }
        let moved = base.keys.filter { merged[$0] != base[$0] }
        #expect(Set(moved) == Set(base.keys.filter { $0.hasSuffix("_proj.weight") }))
        let moments = try SafetensorsFile(path + "/trainer.safetensors").names
        #expect(moments.count == 2 * 2 * moved.count && moments.allSatisfy { $0.contains("lora_") })
        // what is measured is the adapted model: its prediction of entropy follows
        let records = try MetricsLog.read(file: start.scratch("run/metrics.jsonl"))
        #expect(records.count == 6)
    }

    @Test func `stopped and resumed it ends with the same bits`() throws {
        let start = try WarmStart()
        let whole = try TrainingRun(try TinyRun.config(start.yaml("whole"), Self.lora), resume: false).run()
        let yaml = start.yaml("run")
        _ = try TrainingRun(try TinyRun.config(yaml, Self.lora, steps: 3), resume: false).run()
        try FileManager.default.removeItem(atPath: start.scratch("run/checkpoints/step-000003"))
        let run = try TrainingRun(try TinyRun.config(yaml, Self.lora), resume: true)
        #expect(run.completedSteps == 2)
        #expect(try weights(try run.run()) == weights(whole))
        #expect(try timeless(start.scratch("run/metrics.jsonl")) == timeless(start.scratch("whole/metrics.jsonl")))
    }

    @Test func `adapters of a folder are trained on, and a supervised run trains adapters too`() throws {
        let start = try WarmStart()
        var config = try TinyRun.supervised(output: start.scratch("sft-lora"), problems: start.problems, steps: 3)
        config.start = .folder(start.model)
        config.adapters = .fresh(AdapterSettings(rank: 3, targets: ["q_proj", "down_proj"]))
        let first = try SupervisedRun(config, resume: false).run()
        let path = try TrainingRun(
            try TinyRun.config(start.yaml("run"), ["lora.adapter=\(first)/adapter", "training.steps=2"]), resume: false
        ).run()
        let adapted = try AdapterFolder.load(path + "/adapter", base: start.model)
        #expect(adapted.settings.rank == 3 && adapted.settings.targets == ["q_proj", "down_proj"])
        #expect(try weights(path) != weights(first) && weights(first) != weights(start.model))
    }

    @Test func `gradient checkpointing changes no bit of a run`() throws {
        let start = try WarmStart()
        for extra in [[], Self.lora] {
            let tag = extra.isEmpty ? "all" : "lora"
            // kept passes are the sampler's, and layers computed again are not
            let plain = try TrainingRun(
                try TinyRun.config(
                    start.yaml(tag), ["training.steps=2", "training.kept_pass_megabytes=0"] + extra), resume: false
            ).run()
            let checkpointed = try TrainingRun(
                try TinyRun.config(
                    start.yaml(tag + "-less"), ["training.steps=2", "training.gradient_checkpointing=true"] + extra),
                resume: false
            ).run()
            #expect(try weights(plain) == weights(checkpointed), "\(tag)")
        }
    }

    @Test(arguments: [
        ("lora.rank=0", "lora.rank must lie in 1...4096, got 0"),
        ("lora.dropout=0.1", "lora.dropout must be 0, got 0.1: with dropout the policy that is trained is not the one"),
        ("lora.ranks=4", "lora.ranks"),
        (
            "lora.target_modules=[q_proj, qproj]",
            "lora.target_modules must name some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, each "
                + "once; got q_proj, qproj"
        ),
        ("lora.target_modules=[]", "each once; got none"),
    ])
    func `what is wrong with the section is said`(override: String, sentence: String) throws {
        let yaml = TinyRun.yaml(model: "model", output: "out", problems: "problems.jsonl")
        let error = #expect(throws: ConfigError.self) { try TinyRun.config(yaml, [override]) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test func `going back to a peak is refused beside adapters`() throws {
        let start = try WarmStart()
        let error = #expect(throws: ConfigError.self) {
            try TinyRun.config(start.yaml("run"), Self.lora + EarlyStoppingRunTests.options)
        }
        #expect(
            error?.description.contains("early_stopping cannot go back to a peak beside lora") == true,
            "\(error?.description ?? "")")
    }

    @Test func `a run of random weights has no adapters`() throws {
        let error = #expect(throws: ConfigError.self) {
            try SupervisedConfig(
                try ConfigSection.parse(
                    "{output: out, model: {tokenizer: somewhere}, lora: {rank: 2}}", name: "sft.yaml"))
        }
        #expect(error?.description.contains("lora needs model.path") == true)
    }
}
