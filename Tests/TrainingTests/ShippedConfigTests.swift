// Every configuration that ships with the project decodes; those of training also run, shrunk.

import ConfigCoding
import Foundation
import Testing
import Torch
import Training

@Suite struct ShippedConfigTests {
    static var names: [String] {
        let all = (try? FileManager.default.subpathsOfDirectory(atPath: TinyRun.root + "configs")) ?? []
        // recipes of evaluations have a test of their own, `EvaluationRecipeTests`
        return all.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix("eval/") }.sorted()
    }

    @Test func `there are configurations`() { #expect(!Self.names.isEmpty) }

    @Test(arguments: names)
    func `decodes and runs`(name: String) throws {
        let start = try WarmStart()
        let file = TinyRun.root + "configs/" + name
        let plain = try ConfigSection.load(file: file)
        let output = "output=" + start.scratch("run")
        guard plain.has("algorithm") else {
            _ = try SupervisedConfig(try ConfigSection.load(file: file))
            var overrides = [output, "training.steps=2", "training.examples_per_step=2", "threads=1"]
            if try ConfigSection.load(file: file).section("model").has("tokenizer") {
                overrides.append("model.tokenizer=" + TinyRun.tokenizer)
            } else {
                overrides.append("model={path: \(start.model)}")
            }
            if try ConfigSection.load(file: file).optional("examples", as: String.self) != nil {
                overrides.append("examples=" + start.problems)
            }
            _ = try SupervisedRun(
                try SupervisedConfig(try ConfigSection.load(file: file, overrides: overrides)), resume: false
            ).run()
            return
        }
        let config = try TrainConfig(try ConfigSection.load(file: file))
        #expect(config.warnings.isEmpty)
        var overrides = [
            output, "model=" + start.model, "threads=1", "training.steps=2", "rollout.prompts_per_step=2",
            "rollout.completions_per_prompt=4", "rollout.max_new_tokens=8",
        ]
        if config.training.miniBatches > 2 { overrides.append("training.mini_batches=2") }
        if config.prompts != nil { overrides.append("prompts=" + start.problems) }
        // the problems of the tests are Countdown's
        if config.environmentName == "dataset" { overrides.append("environment={name: countdown}") }
        let shrunk = try TrainConfig(try ConfigSection.load(file: file, overrides: overrides))
        _ = try TrainingRun(shrunk, resume: false).run()
        #expect(FileManager.default.fileExists(atPath: start.scratch("run/checkpoints/step-000002/config.json")))
    }

    @Test func `a method that one update per step silences is warned of`() throws {
        let file = TinyRun.root + "configs/kl-cov.yaml"
        func warnings(_ overrides: [String]) throws -> [String] {
            try TrainConfig(try ConfigSection.load(file: file, overrides: overrides)).warnings
        }
        let once = try warnings(["training.mini_batches=1"])
        #expect(once.count == 1 && once[0].contains("kl_cov does nothing with one update per step"))
        #expect(try warnings(["training.mini_batches=1", "training.epochs=2"]).isEmpty)
        #expect(try warnings(["training.mini_batches=1", "algorithm={name: grpo}"]).isEmpty)
    }
}
