// Curves over rollout steps and their mean over seeds.

import Runs
import Testing

@testable import Analysis

@Suite struct StepCurveTests {
    private func run(_ lines: [(step: Int, values: [String: Double])]) -> RunCurves {
        RunCurves(
            lines.enumerated().map { index, line in
                MetricsRecord(
                    step: index + 1,
                    fields: [("rollout_step", .int(line.step))] + line.values.map { ($0.key, .double($0.value)) })
            })
    }

    @Test func `updates of a step are averaged, and steps without the metric left out`() throws {
        let curves = run([
            (1, ["a": 1]), (1, ["a": 3]), (2, ["b": 9]), (3, ["a": .nan]), (3, ["a": 5]), (4, ["a": 7]),
        ])
        let curve = try #require(curves.overSteps("a"))
        #expect(curve.steps == [1, 3, 4] && curve.values == [2, 5, 7])
        #expect(curves.overSteps("c") == nil)
        let sum = try #require(curves.sumOverSteps("sum", of: ["a", "b", "c"]))
        #expect(sum.steps == [1, 2, 3, 4] && sum.values == [2, 9, 5, 7])
        #expect(curves.sumOverSteps("sum", of: ["c"]) == nil)
        let old = RunCurves([MetricsRecord(step: 7, fields: [("a", .double(2))])])
        #expect(old.overSteps("a")?.steps == [7])
    }

    @Test func `the mean over seeds is at common steps, smoothed around each`() throws {
        let long = Curve(name: "a", steps: [1, 2, 3, 4], values: [0, 2, 4, 6])
        let short = Curve(name: "a", steps: [1, 2, 3], values: [2, 4, 12])
        let mean = try #require(Curve.mean(over: [long, short], window: 1))
        #expect(mean.steps == [1, 2, 3] && mean.values == [1, 3, 8])
        #expect(Curve.mean(over: [long, short], window: 3)?.values == [2, 4, 5.5])
        #expect(Curve.mean(over: [], window: 1) == nil)
        #expect(Curve.mean(over: [long, Curve(name: "a", steps: [9], values: [1])], window: 1) == nil)
    }
}
