// A token budget ends a run with the step that spends it, whether or not it was stopped on the way.

import Foundation
import Runs
import Testing
import Training

@Suite struct TokenBudgetTests {
    private func tokens(_ path: String) throws -> [Double] {
        try MetricsLog.read(file: path).compactMap { $0["tokens/completion"]?.number }
    }

    @Test func `the run ends with the step that reaches the budget, and a resumed one with the same`() throws {
        let start = try WarmStart()
        let whole = try TrainingRun(try TinyRun.config(start.yaml("whole")), resume: false).run()
        let all = try tokens(start.scratch("whole/metrics.jsonl"))
        #expect(all.count == 6)
        // what four steps sample, less one token: the fourth step reaches it
        let budget = Int(all.prefix(4).reduce(0, +)) - 1
        let options = ["training.token_budget=\(budget)"]
        let path = try TrainingRun(try TinyRun.config(start.yaml("cut"), options), resume: false).run()
        #expect(path.hasSuffix("step-000004") && FileManager.default.fileExists(atPath: path))
        #expect(try tokens(start.scratch("cut/metrics.jsonl")) == Array(all.prefix(4)))
        // already ended: nothing more is done
        let resumed = try TrainingRun(try TinyRun.config(start.yaml("cut"), options), resume: true).run()
        #expect(resumed == path)
        // stopped after the second step, it counts what was sampled before
        try FileManager.default.removeItem(atPath: path)
        let again = try TrainingRun(try TinyRun.config(start.yaml("cut"), options), resume: true)
        #expect(again.completedSteps == 2)
        #expect(try again.run() == path)
        #expect(try tokens(start.scratch("cut/metrics.jsonl")) == Array(all.prefix(4)))
        let ample = ["training.token_budget=1000000"]
        let unspent = try TrainingRun(try TinyRun.config(start.yaml("ample"), ample), resume: false).run()
        #expect(try weights(unspent) == weights(whole))
    }
}
