// Completions by learning value in a run: the budget of a step, the pilot's draws, and resuming.

import Foundation
import Runs
import Testing
import Training

@Suite struct LearningValueRunTests {
    static let options = ["algorithm.rollout_allocation=learning_value", "algorithm.pilot_completions=2"]

    @Test func `a step samples what it would, prompts in doubt get more, and the pilot is the uniform run's`() throws {
        let start = try WarmStart()
        let whole = try TrainingRun(try TinyRun.config(start.yaml("whole"), Self.options), resume: false).run()
        _ = try TrainingRun(try TinyRun.config(start.yaml("even"), steps: 1), resume: false).run()
        let stores = try ["whole", "even"].map {
            try ExperienceStore(readingFile: start.scratch($0 + "/rollouts.sqlite"))
        }
        var sizes: Set<Int> = []
        for step in 1...6 {
            let groups = Dictionary(grouping: try stores[0].completions(step: step), by: \.prompt)
            #expect(groups.values.reduce(0) { $0 + $1.count } == 4 * 6, "step \(step)")
            for group in groups.values {
                sizes.insert(group.count)
                #expect((2...12).contains(group.count))
            }
        }
        #expect(sizes.count > 1, "some prompts got more than others: \(sizes)")
        // the first step is made by the same weights: sample by sample the same draws
        let (value, even) = (try stores[0].completions(step: 1), try stores[1].completions(step: 1))
        for completion in value where completion.position < 6 {
            let twin = even.first { $0.prompt == completion.prompt && $0.position == completion.position }
            #expect(twin?.tokens == completion.tokens)
        }

        let yaml = start.yaml("cut")
        _ = try TrainingRun(try TinyRun.config(yaml, Self.options, steps: 4), resume: false).run()
        let resumed = try TrainingRun(try TinyRun.config(yaml, Self.options), resume: true).run()
        #expect(try weights(resumed) == weights(whole))
    }
}
