// Curves out of metrics, and summaries over seeds.

import Analysis
import Foundation
import Runs
import Testing

@Suite struct RunCurvesTests {
    private let records = [
        MetricsRecord(step: 1, fields: [("reward", .double(0.5)), ("name", .string("x")), ("tokens", .int(10))]),
        MetricsRecord(step: 2, fields: [("tokens", .int(20)), ("reward", .null), ("late", .double(1))]),
        MetricsRecord(step: 4, fields: [("reward", .double(1.5)), ("tokens", .int(60)), ("late", .double(3))]),
    ]

    @Test func `each metric is a curve over the steps that have it`() throws {
        let curves = RunCurves(records)
        #expect(curves.names == ["reward", "tokens", "late"])
        #expect(curves["reward"] == Curve(name: "reward", steps: [1, 4], values: [0.5, 1.5]))
        #expect(curves["tokens"]?.last == 60)
        #expect(curves["name"] == nil)
        #expect(
            message { _ = try curves.curve("rewrd") }
                == "rewrd is not a metric of this run; choose one of reward, tokens, late")
        let pair = try curves.paired("reward", "tokens")
        #expect(pair.steps == [1, 4])
        #expect(pair.first == [0.5, 1.5])
        #expect(pair.second == [10, 60])
    }

    @Test func `a metrics file reads as its curves, a torn last line aside`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "curves-\(UUID().uuidString).jsonl").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = records.map { $0.jsonLine() + "\n" }.joined() + "{\"step\":5,\"rew"
        try Data(lines.utf8).write(to: URL(filePath: path))
        let curves = try RunCurves(metricsFile: path)
        #expect(curves.records == records)
        #expect(curves["late"] == Curve(name: "late", steps: [2, 4], values: [1, 3]))
        #expect(throws: RunError.self) { _ = try RunCurves(metricsFile: path + "x") }
    }

    @Test func `smoothing averages backwards only`() {
        let curve = Curve(name: "x", steps: [1, 2, 3, 4], values: [4, 0, 2, 6])
        #expect(curve.smoothed(window: 2).values == [4, 2, 1, 4])
        #expect(curve.smoothed(window: 1) == curve)
        #expect(curve.smoothed(window: 100).values == [4, 2, 2, 3])
        #expect(curve.smoothed(window: 0) == curve)
    }

    @Test func `seeds are summed up by mean, extremes and standard error`() throws {
        let summary = try Summary([0.1, 0.2, 0.6])
        #expect(abs(summary.mean - 0.3) < 1e-15)
        #expect(summary.minimum == 0.1)
        #expect(summary.maximum == 0.6)
        #expect(abs(summary.standardError - (0.07 / 3).squareRoot()) < 1e-15)
        let equal = try Summary([0.1, 0.1, 0.1])
        #expect(equal.mean == 0.1)
        #expect(equal.standardError == 0)
        #expect(try Summary([2]).standardError.isNaN)
        #expect(message { _ = try Summary([], name: "pass@1") } == "pass@1 needs at least one value; none was given")
        #expect(message { _ = try Summary([.nan]) } != nil)
    }

    @Test func `curves of seeds are summed up where all have a value`() throws {
        let curves = [
            Curve(name: "h", steps: [1, 2, 3], values: [1, 2, 3]),
            Curve(name: "h", steps: [2, 3, 4], values: [4, 5, 6]),
        ]
        let summaries = try Summary.over(curves)
        #expect(summaries.map(\.step) == [2, 3])
        #expect(summaries.map(\.summary.mean) == [3, 4])
        #expect(summaries.map(\.summary.standardError) == [1, 1])
        #expect(message { _ = try Summary.over([]) } == "a summary over seeds needs at least one curve; none was given")
    }
}
