// Dynamic sampling in a run: prompts are consumed in order and none twice, and a resumed run is the same run.

import Foundation
import Runs
import Testing
import Torch
import Training
import Trajectories

@Suite struct DynamicSamplingTests {
    static let options = ["algorithm.overlong_limit=4", "algorithm.sampling_budget=5"]

    @Test func `every step samples the next prompts, and a resumed run goes on where it stopped`() throws {
        let start = try WarmStart()
        let whole = try TrainingRun(
            try TinyRun.config(start.yaml("whole", algorithm: "dapo"), Self.options), resume: false
        ).run()
        let store = try ExperienceStore(readingFile: start.scratch("whole/rollouts.sqlite"))
        let prompts = try (1...6).map { try store.prompts(step: $0).map(\.problem.prompt) }
        #expect(prompts.allSatisfy { $0.count >= 4 && $0.count <= 20 })
        #expect(prompts.contains { $0.count > 4 }, "some group had no contrast and was replaced")
        // nine problems, each epoch in an order of its own: every nine in a row are all of them
        let all = prompts.flatMap { $0 }
        for first in stride(from: 0, to: all.count - 8, by: 9) { #expect(Set(all[first..<first + 9]).count == 9) }
        let records = try MetricsLog.read(file: start.scratch("whole/metrics.jsonl"))
        for (record, sampled) in zip(records, prompts) {
            let dead = try #require(record["group/dead_share"]?.number)
            #expect(sampled.count == 20 || Int((dead * Double(sampled.count)).rounded()) == sampled.count - 4)
        }

        for stop in [1, 2, 5] {
            let yaml = start.yaml("cut-\(stop)", algorithm: "dapo")
            _ = try TrainingRun(try TinyRun.config(yaml, Self.options, steps: stop), resume: false).run()
            if !stop.isMultiple(of: 2) {
                let checkpoints = CheckpointStore(folder: start.scratch("cut-\(stop)/checkpoints"))
                try FileManager.default.removeItem(atPath: checkpoints.path(ofStep: stop))
            }
            let resumed = try TrainingRun(try TinyRun.config(yaml, Self.options), resume: true).run()
            #expect(try weights(resumed) == weights(whole), "stopped after \(stop)")
            #expect(
                try timeless(start.scratch("cut-\(stop)/metrics.jsonl"))
                    == timeless(start.scratch("whole/metrics.jsonl")), "stopped after \(stop)")
        }
    }

    @Test func `with all groups alike the budget ends the search and the update changes nothing but by the bonus`()
        throws
    {
        let start = try WarmStart()
        // one completion per prompt has no contrast with anything
        let config = try TinyRun.config(
            start.yaml("alike", algorithm: "dapo"),
            Self.options + [
                "rollout.completions_per_prompt=1", "training.steps=1", "algorithm.entropy_coefficient=0",
                "optimiser.weight_decay=0",
            ])
        let run = try TrainingRun(config, resume: false)
        #expect(run.resolved.maxPromptsPerStep == 20 && run.resolved.maxTokensPerStep == 20 * 4)
        #expect(run.resolved.batchSentence(config).contains("up to 20 prompts a step"))
        let path = try run.run()
        let store = try ExperienceStore(readingFile: start.scratch("alike/rollouts.sqlite"))
        #expect(try store.prompts(step: 1).count == 20)
        let record = try #require(try MetricsLog.read(file: start.scratch("alike/metrics.jsonl")).first)
        #expect(record["optimiser/gradient_norm"]?.number == 0)
        #expect(try weights(path) == weights(start.model))
    }
}
