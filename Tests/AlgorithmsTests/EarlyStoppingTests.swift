// The decisions of early stopping on traces of tests.

import Algorithms
import ConfigCoding
import Testing
import Trajectories

@Suite struct EarlyStoppingTests {
    @Test func `three steps after the peak the campaign ends and goes back to it`() {
        let stopping = EarlyStopping()
        var state = EarlyStopping.State()
        var decisions: [EarlyStopping.Decision] = []
        for (index, value) in [0.1, 0.3, 0.5, 0.4, 0.45, 0.2].enumerated() {
            #expect(!stopping.isOver(state) && stopping.tests(index + 1, state))
            decisions.append(stopping.take(value, at: index + 1, &state))
        }
        #expect(decisions == [.keep, .keep, .keep, .goOn, .goOn, .rollBack])
        #expect(state.snapshot == 3 && state.peak == 0.5 && state.collapsed == 1)
        #expect(stopping.isOver(state))
    }

    @Test func `a fall of a fifth is no collapse, one of more is`() {
        for (end, collapses) in [(0.31, 0), (0.29, 1)] {
            let stopping = EarlyStopping(patience: 1)
            var state = EarlyStopping.State()
            #expect(stopping.take(0.5, at: 0, &state) == .keep)
            #expect(stopping.take(end, at: 1, &state) == .rollBack)
            #expect(state.collapsed == collapses)
        }
    }

    @Test func `on any trace a campaign is as long as its peak and patience allow, and returns its best`() {
        forRandomCases(300, seed: 1) { random, number in
            let stopping = EarlyStopping(
                patience: 1 + random.integer(below: 4), campaignSteps: 1 + random.integer(below: 8),
                campaigns: 1 + random.integer(below: 3), every: 1 + random.integer(below: 3))
            var state = EarlyStopping.State()
            // an independent account of the campaign: tests by step
            var tests: [(step: Int, value: Double)] = []
            // the weights in use, named by the value of their test
            var weights = 0.0
            for step in 0..<80 where !stopping.isOver(state) {
                guard stopping.tests(step, state) else { continue }
                let value = Double(random.integer(below: 10))
                weights = value
                let begin = state.begin
                let ended = state.ended
                let decision = stopping.take(value, at: step, &state)
                tests.append((step, value))
                let best = tests.max { ($0.value, -$0.step) < ($1.value, -$1.step) }
                #expect(state.peak == best?.value, "case \(number)")
                let sinceBest = step - (best?.step ?? 0)
                let isEnd = step - begin >= stopping.campaignSteps || sinceBest >= stopping.patience
                #expect((state.ended > ended) == isEnd, "case \(number)")
                if decision == .rollBack { weights = best?.value ?? .nan }
                #expect((decision == .keep) == (sinceBest == 0), "case \(number)")
                if isEnd {
                    #expect(weights == best?.value, "case \(number)")
                    // the next campaign knows the value of what it starts from
                    tests = [(step, weights)]
                }
            }
        }
    }

    @Test func `the end of the run ends the campaign`() {
        var state = EarlyStopping.State()
        let stopping = EarlyStopping(campaigns: 5)
        #expect(stopping.take(0.5, at: 0, &state) == .keep)
        #expect(stopping.take(0.4, at: 1, isLast: true, &state) == .rollBack)
        #expect(state.ended == 1 && state.begin == 1)
    }

    @Test func `keys are read strictly`() throws {
        let section = try ConfigSection.parse("patience: 2\ncampaigns: 4", name: "test")
        let stopping = try EarlyStopping(from: section)
        try section.finish()
        #expect(stopping == EarlyStopping(patience: 2, campaigns: 4))
        #expect(throws: ConfigError.self) {
            try EarlyStopping(from: try ConfigSection.parse("patience: 0", name: "test"))
        }
    }
}
