// A whole run: what it writes, several updates per batch, and the supervised warm start.

import ConfigCoding
import Foundation
import Models
import Runs
import Testing
import Tokenizers
import Torch
import Training
import Trajectories

@Suite struct TrainingRunTests {
    static let documented = [
        "rollout_step", "reward/mean", "reward/correct_share", "group/solved_all_share", "group/solved_some_share",
        "group/solved_none_share", "group/dead_share", "completion/length_mean", "completion/truncated_share",
        "tokens/completion", "tokens/prompt", "entropy/before", "entropy/after", "entropy/measured_change",
        "entropy/predicted_parameter", "entropy/predicted_token", "discriminant/mean", "discriminant/deviation",
        "discriminant/centred_mean", "discriminant/centred_deviation", "algorithm/loss", "algorithm/ratio_mean",
        "algorithm/ratio_max", "algorithm/ratio_clip_high", "algorithm/ratio_clip_low", "mismatch/logprob_mean",
        "mismatch/logprob_max", "optimiser/learning_rate", "optimiser/gradient_norm", "optimiser/refused",
        "seconds/rollout", "seconds/reward", "seconds/update", "seconds/measure", "seconds/log",
        "rate/tokens_per_second",
    ]

    @Test func `a run leaves metrics, rollouts and checkpoints that agree with one another`() throws {
        let start = try WarmStart()
        let yaml = start.yaml("run")
        let run = try TrainingRun(try TinyRun.config(yaml), resume: false)
        var progress: [TrainingProgress] = []
        let final = try run.run { progress.append($0) }
        let folder = try RunFolder.open(at: start.scratch("run"))
        #expect(try String(contentsOfFile: folder.configPath, encoding: .utf8) == yaml)
        #expect(
            try JSONDecoder().decode([String: Scalar].self, from: contents(folder.resolvedPath))["updates"]?.number == 6
        )

        let records = try MetricsLog.read(file: folder.metricsPath)
        #expect(records.map(\.step) == Array(1...6))
        for record in records {
            for key in Self.documented { #expect(record[key] != nil, "\(key) is missing") }
            let numbers = record.fields.compactMap { $0.1.number }
            #expect(numbers.allSatisfy { $0.isFinite })
            #expect((record["mismatch/logprob_max"]?.number ?? 1) < 1e-4)
            #expect(abs((record["algorithm/ratio_mean"]?.number ?? 0) - 1) < 1e-6)
            #expect(
                abs(
                    (record["entropy/measured_change"]?.number ?? 9)
                        - ((record["entropy/after"]?.number ?? 0) - (record["entropy/before"]?.number ?? 0))) < 1e-12)
        }
        #expect(records.contains { ($0["reward/mean"]?.number ?? 0) > 0 }, "the warm start solves something")
        #expect(records.contains { ($0["group/solved_some_share"]?.number ?? 0) > 0 })
        #expect(progress.map(\.step) == Array(1...6))
        #expect(progress.map(\.reward) == records.map { $0["reward/mean"]?.number ?? -1 })

        let store = try ExperienceStore(readingFile: folder.databasePath)
        #expect(try store.steps().map(\.step) == Array(1...6))
        for record in records {
            let completions = try store.completions(step: record.step)
            #expect(completions.count == 24)
            let reward = completions.reduce(0) { $0 + $1.verdict.reward } / 24
            #expect(abs(reward - (record["reward/mean"]?.number ?? -1)) < 1e-12)
            #expect(try store.prompts(step: record.step).count == 4)
        }

        let checkpoints = CheckpointStore(folder: folder.checkpointsPath)
        #expect(try checkpoints.steps() == [4, 6])
        #expect(final == checkpoints.path(ofStep: 6))
        for step in [4, 6] { try checkpoints.verify(step: step) }
        _ = try ModelFolder.load(final)
        _ = try BytePairTokenizer(file: final + "/tokenizer.json")
        #expect(try weights(final) != weights(start.model))
    }

    @Test func `without measuring, the fields of the measurement are null and the weights are the same`() throws {
        let start = try WarmStart()
        let measured = try TrainingRun(try TinyRun.config(start.yaml("measured")), resume: false).run()
        let plain = try TrainingRun(
            try TinyRun.config(start.yaml("plain"), ["training.measure_entropy=false"]), resume: false
        ).run()
        #expect(try weights(measured) == weights(plain))
        let record = try #require(try MetricsLog.read(file: start.scratch("plain/metrics.jsonl")).first)
        for key in Self.measured { #expect(record[key] == .null) }
    }

    private static let measured = ["entropy/after", "entropy/measured_change", "entropy/predicted_parameter"]

    @Test func `one of several updates is measured, as if all were, and the weights are the same`() throws {
        let start = try WarmStart()
        func run(_ name: String, _ overrides: [String]) throws -> (weights: [String: [UInt32]], [MetricsRecord]) {
            let config = try TinyRun.config(start.yaml(name), overrides)
            let final = try TrainingRun(config, resume: false).run()
            return (try weights(final), try MetricsLog.read(file: start.scratch(name + "/metrics.jsonl")))
        }
        let (all, some) = (try run("all", []), try run("some", ["training.measure_every=3"]))
        #expect(all.weights == some.weights)
        #expect(some.1.count == all.1.count && some.1.count > 3)
        for (index, (record, full)) in zip(some.1, all.1).enumerated() {
            for key in Self.measured { #expect(record[key] == (index % 3 == 0 ? full[key] : .null), "\(index) \(key)") }
        }
        #expect(throws: ConfigError.self) {
            try TinyRun.config(start.yaml("none"), ["training.measure_entropy=false", "training.measure_every=3"])
        }
    }

    @Test func `parts of a reward are logged before their weights`() throws {
        let start = try WarmStart()
        let reward = [
            "environment.reward.solved.verifier=own", "environment.reward.solved.weight=2",
            "environment.reward.brief.verifier=length", "environment.reward.brief.maximum=2",
        ]
        _ = try TrainingRun(try TinyRun.config(start.yaml("parts"), reward), resume: false).run()
        for record in try MetricsLog.read(file: start.scratch("parts/metrics.jsonl")) {
            let judged = 1 - (record["completion/truncated_share"]?.number ?? 1)
            let solved = try #require(record["component/solved"]?.number)
            let brief = try #require(record["component/brief"]?.number)
            #expect(brief <= 0 && solved >= 0)
            #expect(abs((record["reward/mean"]?.number ?? 9) - judged * (2 * solved + brief)) < 1e-9)
        }
    }

    @Test func `groups without advantage are not computed again unless entropy is measured, and change no weight`()
        throws
    {
        let start = try WarmStart()
        let off = ["algorithm.entropy_coefficient=0", "training.measure_entropy=false"]
        func run(_ name: String, _ overrides: [String]) throws -> [String: [UInt32]] {
            try weights(
                try TrainingRun(try TinyRun.config(start.yaml(name, algorithm: "grpo"), overrides), resume: false).run()
            )
        }
        #expect(try run("skips", off) == run("computes", ["algorithm.entropy_coefficient=0"]))
        let records = try MetricsLog.read(file: start.scratch("skips/metrics.jsonl"))
        let all = try MetricsLog.read(file: start.scratch("computes/metrics.jsonl"))
        for (record, full) in zip(records, all) {
            let recorded = try #require(record["tokens/recorded"]?.number)
            #expect((recorded > 0) == ((record["group/dead_share"]?.number ?? 0) > 0))
            #expect(full["tokens/recorded"] == .int(0))
            let (a, b) = (record["entropy/before"]?.number ?? 0, full["entropy/before"]?.number ?? 1)
            #expect(abs(a - b) < 1e-5)
        }
        #expect(records.contains { ($0["tokens/recorded"]?.number ?? 0) > 0 })
        // a bonus gives every token a derivative, and reads what the sampler did not record
        _ = try run("bonus", ["training.measure_entropy=false"])
        let bonus = try MetricsLog.read(file: start.scratch("bonus/metrics.jsonl"))
        #expect(bonus.allSatisfy { $0["tokens/recorded"] == .int(0) })
    }

    @Test func `a bfloat16 run repeats bit for bit, and is another one than in float32`() throws {
        let start = try WarmStart()
        func run(_ name: String, _ precision: String) throws -> [String: [UInt32]] {
            try weights(
                try TrainingRun(try TinyRun.config(start.yaml(name), ["precision=\(precision)"]), resume: false).run())
        }
        let narrow = try run("narrow", "bfloat16")
        #expect(try run("again", "bfloat16") == narrow)
        #expect(try run("wide", "float32") != narrow)
        #expect(Runtime.precision == .float32, "a run leaves its thread as it found it")
        // sampler and trainer round alike: what differs is the order of float32 sums
        for record in try MetricsLog.read(file: start.scratch("narrow/metrics.jsonl")) {
            #expect((record["mismatch/logprob_max"]?.number ?? 1) < 2e-3)
        }
    }

    @Test(arguments: [("training.mini_batches=2", 2), ("training.epochs=3", 3)])
    func `the ratio is against the policy before the step's first update`(override: String, updates: Int) throws {
        let start = try WarmStart()
        let config = try TinyRun.config(
            start.yaml("several", learningRate: "1e-2"),
            [override, "training.steps=4", "algorithm.clip_low=1", "algorithm.clip_high=.inf"])
        _ = try TrainingRun(config, resume: false).run()
        let records = try MetricsLog.read(file: start.scratch("several/metrics.jsonl"))
        #expect(records.count == 4 * updates)
        for (index, record) in records.enumerated() {
            #expect(record["rollout_step"] == .int(index / updates + 1))
            let mean = try #require(record["algorithm/ratio_mean"]?.number)
            let largest = try #require(record["algorithm/ratio_max"]?.number)
            let gap = try #require(record["mismatch/logprob_max"]?.number)
            if index % updates == 0 {
                #expect(abs(mean - 1) < 1e-5 && abs(largest - 1) < 1e-4)
                #expect(gap < 1e-4)
            } else {
                // the sampler's log-probabilities are those of the step's start as well, so the two gaps agree
                #expect(abs(mean - 1) > 1e-4 && largest > 1 + 1e-3)
                #expect(gap >= log(largest) - 1e-4)
            }
        }
    }

    @Test func `a supervised run lowers the loss and its checkpoint is a model folder`() throws {
        let scratch = try Scratch()
        try TinyRun.writeProblems(to: scratch("problems.jsonl"))
        let config = try TinyRun.supervised(output: scratch("sft"), problems: scratch("problems.jsonl"), steps: 60)
        var losses: [Double] = []
        let path = try SupervisedRun(config, resume: false).run { losses.append($1) }
        #expect(losses.count == 60)
        #expect(losses[0] > 2.5 && losses[59] < 0.5 * losses[0], "\(losses[0]) to \(losses[59])")
        let records = try MetricsLog.read(file: scratch("sft/metrics.jsonl"))
        #expect(records.map { $0["loss"]?.number ?? -1 } == losses)
        let model = try ModelFolder.load(path)
        let tokenizer = try BytePairTokenizer(file: path + "/tokenizer.json")
        #expect(model.config.stopTokens == [try #require(tokenizer.id(of: "<|endoftext|>"))])
    }

    @Test func `a supervised run resumes where it was`() throws {
        let scratch = try Scratch()
        try TinyRun.writeProblems(to: scratch("problems.jsonl"))
        func run(_ output: String, steps: Int, resume: Bool = false) throws -> String {
            var config = try TinyRun.supervised(
                output: scratch(output), problems: scratch("problems.jsonl"), steps: 9, every: 2)
            config.steps = steps
            return try SupervisedRun(config, resume: resume).run()
        }
        let whole = try run("whole", steps: 9)
        _ = try run("cut", steps: 4)
        let resumed = try run("cut", steps: 9, resume: true)
        #expect(try weights(whole) == weights(resumed))
        #expect(try timeless(scratch("whole/metrics.jsonl")) == timeless(scratch("cut/metrics.jsonl")))
    }

    private struct Scalar: Decodable {
        var number: Double?
        init(from decoder: any Decoder) throws { number = try? decoder.singleValueContainer().decode(Double.self) }
    }

    private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
}
