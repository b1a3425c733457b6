// The frozen reference policy in a run: what it is compared with, where it may come from, and that it never moves.

import ConfigCoding
import Foundation
import Models
import Runs
import Testing
import Torch
import Training

@Suite struct ReferencePolicyTests {
    static let inLoss = ["algorithm.kl_coefficient=0.5", "algorithm.kl_estimator=k2"]
    static let inReward = ["algorithm.kl_coefficient=0.5", "algorithm.kl_in=reward"]

    @Test(arguments: [inLoss, inReward])
    func `at the first step the policy is the reference, and the price is 0`(options: [String]) throws {
        let start = try WarmStart()
        // plain GRPO beside it makes the same first update
        _ = try TrainingRun(try TinyRun.config(start.yaml("priced", algorithm: "grpo"), options), resume: false).run()
        _ = try TrainingRun(try TinyRun.config(start.yaml("plain", algorithm: "grpo")), resume: false).run()
        let priced = try MetricsLog.read(file: start.scratch("priced/metrics.jsonl"))
        let plain = try MetricsLog.read(file: start.scratch("plain/metrics.jsonl"))
        func loss(_ record: MetricsRecord) throws -> Double { try #require(record["algorithm/loss"]?.number) }
        #expect(abs(try loss(priced[0]) - loss(plain[0])) < 1e-5)
        #expect(abs(try loss(priced[5]) - loss(plain[5])) > 1e-5)
        if options == Self.inReward {
            let prices = try priced.map { try #require($0["credit/kl_penalty_mean"]?.number) }
            #expect(abs(prices[0]) < 1e-5 && abs(prices[5]) > 1e-4, "\(prices)")
        }
    }

    @Test func `the reference is the initial model unless another folder is named, and resuming finds it again`() throws
    {
        let start = try WarmStart()
        let options = Self.inLoss
        let whole = try TrainingRun(
            try TinyRun.config(start.yaml("whole", algorithm: "grpo"), options), resume: false
        ).run()
        let yaml = start.yaml("cut", algorithm: "grpo")
        _ = try TrainingRun(try TinyRun.config(yaml, options, steps: 4), resume: false).run()
        let resumed = try TrainingRun(try TinyRun.config(yaml, options), resume: true).run()
        #expect(try weights(resumed) == weights(whole))
        for (name, folder, isSame) in [("same", start.model, true), ("other", whole, false)] {
            let config = try TinyRun.config(
                start.yaml(name, algorithm: "grpo"), options + ["reference=\(folder)"])
            #expect(try (weights(TrainingRun(config, resume: false).run()) == weights(whole)) == isSame)
        }
    }

    @Test func `a strong price keeps the policy at its reference`() throws {
        let start = try WarmStart()
        func entropy(_ name: String, _ options: [String]) throws -> Double {
            let config = try TinyRun.config(
                start.yaml(name, algorithm: "grpo", learningRate: "1e-2"),
                options + ["training.steps=30", "algorithm.entropy_coefficient=0"])
            _ = try TrainingRun(config, resume: false).run()
            let last = try MetricsLog.read(file: start.scratch(name + "/metrics.jsonl")).suffix(5)
            let entropies = last.compactMap { $0["entropy/before"]?.number }
            return entropies.reduce(0, +) / Double(entropies.count)
        }
        let initial = try entropy("still", ["optimiser.learning_rate=0"])
        let free = try entropy("free", [])
        let held = try entropy("held", ["algorithm.kl_coefficient=10", "algorithm.kl_estimator=k2"])
        #expect(abs(held - initial) < 0.5 * abs(free - initial), "\(initial), free \(free), held \(held)")
    }

    @Test func `a reference nobody reads, or that does not fit, is refused in a sentence`() throws {
        let start = try WarmStart()
        let unread = #expect(throws: ConfigError.self) {
            try TinyRun.config(start.yaml("run", algorithm: "grpo"), ["reference=initial"])
        }
        #expect("\(try #require(unread))".contains("reads no reference policy; set algorithm.kl_coefficient"))
        let folder = start.scratch("small")
        let model = try ModelFolder.initialise(
            ModelConfig(
                vocabularySize: 11, hiddenSize: 8, layers: 1, heads: 2, keyValueHeads: 1, intermediateSize: 8,
                contextLength: 32, tiesEmbeddings: true, stopTokens: [0]), seed: 1)
        try ModelFolder.save(model, to: folder, companions: ModelCompanions(nil))
        let config = try TinyRun.config(
            start.yaml("run", algorithm: "grpo"), Self.inLoss + ["reference=\(folder)"])
        let unfit = #expect(throws: TrainingError.self) { try TrainingRun(config, resume: false) }
        #expect(unfit?.message.contains("has a vocabulary of 11") == true)
        #expect(!FileManager.default.fileExists(atPath: start.scratch("run")))
    }
}
