// Passes that sampling kept: an update that reads them is the update that makes them again.

import Foundation
import Models
import Runs
import Testing
import Torch
import Trajectories

@testable import Rollouts
@testable import Training

@Suite struct KeptPassesTests {
    /// A model and what it sampled, with derivatives for every token.
    struct Sampled {
        let model: any LanguageModel
        let kept: KeptPasses
        let sequences: [TrainingSequence]
        let logprobs: [Float]
        let derivatives: TokenDerivatives

        /// - Parameter room: rows that may be kept.
        init(
            _ family: ModelFamily = .qwen2, adapts: Bool = false, threads: Int = 1, isGreedy: Bool = false,
            room: Int = 1_000
        ) throws {
            let config = ModelConfig(
                family: family, vocabularySize: 29, hiddenSize: 32, layers: 2, heads: 4, keyValueHeads: 2,
                intermediateSize: 24, contextLength: 64, tiesEmbeddings: !adapts, stopTokens: [0])
            let whole = try ModelFolder.initialise(config, seed: 4, deviation: 0.3)
            model =
                adapts
                ? try #require(
                    (whole as? Transformer).map { AdaptedModel($0, settings: AdapterSettings(rank: 2), seed: 5) })
                : whole
            kept = KeptPasses(rows: room)
            var random = RandomSource(seed: 31, purpose: .testing)
            // prompts of a token and more, two of them alike, more samples than slots
            var prompts = [1, 5, 2, 9, 3].map { count in (0..<count).map { _ in Int32(1 + random.integer(below: 28)) } }
            prompts.append(prompts[1])
            let engine = RolloutEngine(model: model, seed: 3, slots: 7)
            engine.threads = threads
            let groups = try engine.complete(
                prompts.enumerated().map { RolloutEngine.Prompt(tokens: $1, index: $0) },
                samples: [5, 1, 4, 3, 2, 3].map { 0..<$0 },
                options: SamplingOptions(temperature: 0.9, isGreedy: isGreedy, maxNewTokens: 12, stopTokens: [0]),
                step: 2, keeping: kept)
            sequences = zip(prompts, groups).flatMap { prompt, group in
                group.map { TrainingSequence(prompt: prompt, tokens: $0.tokens) }
            }
            let drawn = groups.joined().flatMap(\.sampledLogprob)
            func numbers() -> [Float] {
                drawn.map { _ in Float(2 * random.uniform() - 1) / Float(drawn.count) }
            }
            logprobs = drawn
            derivatives = TokenDerivatives(g1: numbers(), g2: numbers())
        }

        func update(keeps: Bool, threads: Int = 1) throws -> (report: UpdateReport, values: [[Float]]) {
            var updater = PolicyUpdater(model: model, temperature: 0.9, microBatchTokens: 30)
            updater.threads = threads
            var optimiser = try withTorchErrors { AdamW(model.parameters.map(\.tensor), options: UpdateCase.descent) }
            let report = try updater.update(
                sequences, kept: keeps ? kept : nil, optimiser: &optimiser,
                learningRate: UpdateCase.descent.epsilon / 2, measures: true
            ) { _ in derivatives }
            return (report, try withTorchErrors { model.parameters.map { $0.tensor.floats } })
        }
    }

    @Test(arguments: ModelCatalogue.families, [1, 2])
    func `an update that reads them is the one that makes them again`(family: ModelFamily, threads: Int) throws {
        let found = try Sampled(family, threads: threads).update(keeps: true, threads: threads)
        let made = try Sampled(family, threads: threads).update(keeps: false, threads: threads)
        #expect(near(found.report.before.logprob, made.report.before.logprob, 1e-5))
        #expect(near(found.report.before.varianceDiscriminant, made.report.before.varianceDiscriminant, 1e-5))
        #expect(abs(found.report.gradientNorm / made.report.gradientNorm - 1) < 1e-5)
        let predictions = (found.report.parameterPrediction ?? 0, made.report.parameterPrediction ?? 1)
        #expect(abs(predictions.0 / predictions.1 - 1) < 1e-4)
        for (own, other) in zip(found.values, made.values) {
            let largest = other.map(abs).max() ?? 0
            #expect(zip(own, other).allSatisfy { abs($0 - $1) <= 2e-6 * max(largest, 1) })
        }
    }

    @Test(arguments: [(true, false), (false, true)])
    func `adapters learn from them, and completions may be alike`(adapts: Bool, isGreedy: Bool) throws {
        let sampled = try Sampled(adapts: adapts, isGreedy: isGreedy)
        #expect((Set(sampled.sequences.map(\.tokens)).count < 6) == isGreedy)
        let found = try sampled.update(keeps: true)
        let made = try Sampled(adapts: adapts, isGreedy: isGreedy).update(keeps: false)
        #expect(near(found.report.before.logprob, made.report.before.logprob, 1e-5))
        #expect(abs(found.report.gradientNorm / made.report.gradientNorm - 1) < 1e-5)
        #expect(found.report.gradientNorm > 0)
    }

    /// Were the passes made again, the weights of now would show.
    @Test(arguments: [1, 2]) func `they are read, and once only`(threads: Int) throws {
        let sampled = try Sampled(threads: threads)
        let query = try #require(sampled.model.parameters.first { $0.name.hasSuffix("q_proj.weight") })
        try withTorchErrors { withoutGradient { query.tensor.assign(query.tensor * 3) } }
        let now = try PolicyUpdater(model: sampled.model, temperature: 0.9, microBatchTokens: 30)
            .statistics(of: sampled.sequences).logprob
        #expect(!near(now, sampled.logprobs, 1e-2))
        #expect(near(try sampled.update(keeps: true, threads: threads).report.before.logprob, sampled.logprobs, 1e-5))
        #expect(!near(try sampled.update(keeps: true).report.before.logprob, sampled.logprobs, 1e-2))
    }

    @Test func `with too little room nothing is kept, and passes are made`() throws {
        let sampled = try Sampled(room: 200)
        #expect(sampled.sequences.allSatisfy { sampled.kept.rows(prompt: $0.prompt, completions: [$0.tokens]) == nil })
        let made = try Sampled().update(keeps: false)
        #expect(try sampled.update(keeps: true).values == made.values)
    }

    @Test func `a pass that keeps other values than it is asked for is an error`() throws {
        let weight = try withTorchErrors { Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2]) }
        func product(_ rows: Int) -> Tensor { Tensor.zeros([rows, 2]).linear(weight) }
        let values = KeptValues()
        try withTorchErrors {
            let first = values.reserve(4)
            _ = values.writing([first, first + 2]) { product(2) }
            #expect(values.reading([first + 2]) { product(1) }.floats == [0, 0, 0])
        }
        for rows in [[4], [-1], [0, 1]] as [[Int64]] {
            #expect(throws: TorchError.self, "rows \(rows)") {
                try withTorchErrors { _ = values.reading(rows) { product(1) } }
            }
        }
        #expect(throws: TorchError.self) {
            try withTorchErrors { _ = values.reading([0]) { Tensor.zeros([1, 3]).linear(Tensor.zeros([4, 3])) } }
        }
        #expect(throws: TorchError.self) {
            try withTorchErrors {
                let next = values.reserve(1)
                _ = values.writing([0, next]) { product(2) }
            }
        }
    }

    /// The first step makes its passes again; the second has the same weights and draws, and numbers that differ by rounding.
    @Test func `a run keeps them unless it is told not to, and measures its sampler all the same`() throws {
        let start = try WarmStart()
        func records(_ name: String, _ options: [String]) throws -> [MetricsRecord] {
            let config = try TinyRun.config(start.yaml(name, algorithm: "grpo"), options, steps: 2)
            _ = try TrainingRun(config, resume: false).run()
            return try MetricsLog.read(file: start.scratch(name + "/metrics.jsonl"))
        }
        let (found, made) = (try records("kept", []), try records("made", ["training.kept_pass_megabytes=0"]))
        try #require(found.count == 2 && made.count == 2)
        for key in LibraryRunTests.compared {
            let (own, other) = (try #require(found[1][key]?.number), try #require(made[1][key]?.number))
            #expect(abs(own - other) <= 2e-5 * max(abs(other), 1e-2), "\(key): \(own), not \(other)")
            #expect(found[0][key]?.number == made[0][key]?.number)
        }
        #expect(found[0]["mismatch/logprob_max"]?.number == made[0]["mismatch/logprob_max"]?.number)
        // what is read is the sampler's own
        #expect((found[1]["mismatch/logprob_max"]?.number ?? 1) <= 1e-6)
    }

    @Test(arguments: [
        [], ["training.kept_pass_megabytes=0"], ["precision=bfloat16"], ["training.mini_batches=2"],
        ["training.epochs=2"],
        ["training.gradient_checkpointing=true"],
    ])
    func `they are kept where they are the update's`(options: [String]) throws {
        let yaml = TinyRun.yaml(model: "nowhere", output: "nowhere", problems: "nowhere", algorithm: "grpo")
        let resolved = try ResolvedRun(
            try TinyRun.config(yaml, options), model: MemoryEstimateTests.half, promptTokens: 32)
        #expect(resolved.keepsPasses == options.isEmpty)
        #expect((resolved.memory.keptPasses > 0) == options.isEmpty)
    }

    @Test func `what a run would have to keep is said where it is more than it may`() throws {
        let yaml = TinyRun.yaml(model: "nowhere", output: "nowhere", problems: "nowhere", algorithm: "grpo")
        func sentence(_ options: [String]) throws -> String? {
            let config = try TinyRun.config(yaml, options)
            return try ResolvedRun(config, model: MemoryEstimateTests.half, promptTokens: 32).passSentence(config)
        }
        let needed = try #require(try sentence(["training.kept_pass_megabytes=1"])?.firstMatch(of: /take (\d+) MB/)?.1)
        #expect(try sentence(["training.kept_pass_megabytes=\(needed)"]) == nil)
        #expect(try sentence(["training.kept_pass_megabytes=\((Int(needed) ?? 0) - 1)"]) != nil)
        for options in [["training.kept_pass_megabytes=0"], ["precision=bfloat16", "training.kept_pass_megabytes=1"]] {
            #expect(try sentence(options) == nil)
        }
    }

    private func near(_ left: [Float], _ right: [Float], _ tolerance: Float) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
    }
}
