// The benchmark's runner and report on cases whose times are given: nothing is measured here.

import Analysis
import Foundation
import Models
import Testing
import Torch

@testable import maxwell

@Suite struct BenchReportTests {
    @Test func `medians, shares and exponents come from the timed rounds`() throws {
        var runner = BenchRunner([])
        // the untimed first round would spoil every number below
        var turn = 0
        let times = [99.0, 2, 1, 3]
        try runner.run(
            BenchGroup(name: "head", count: 2, rounds: 3) {
                [
                    BenchCase("matmul/float32", operations: 8e9) { ["total": 4] },
                    BenchCase("8x4x2/forward", operations: 1e9, tokens: 10) {
                        defer { turn += 1 }
                        return ["total": times[turn], "inner": times[turn] / 2]
                    },
                ]
            })
        let found = try #require(runner.measurements.last)
        #expect(found.name == "head/8x4x2/forward" && found.rounds == 3)
        #expect(found.seconds == 2 && found.best == 1 && found.parts == ["inner": 1])
        #expect(found.gigaflops == 0.5 && found.tokensPerSecond == 5)
        #expect(found.shareOfFloat32Peak == 0.25 && found.shareOfBfloat16Peak == nil)
    }

    @Test func `a limit is what takes longer of reading and multiplying, at the rates of the same rounds`() throws {
        var runner = BenchRunner([])
        try runner.run(
            BenchGroup(name: "decode", count: 4, rounds: 1, warmsUp: false) {
                [
                    BenchCase("matmul/bfloat16", operations: 100e9) { ["total": 1] },
                    BenchCase("read", bytes: 10e9) { ["total": 1] },
                    BenchCase("few", limit: BenchLimit(bytes: 10e9, operations: 1e9, dtype: .bfloat16)) {
                        ["total": 4]
                    },
                    BenchCase("many", limit: BenchLimit(bytes: 10e9, operations: 200e9, dtype: .bfloat16)) {
                        ["total": 4]
                    },
                ]
            })
        #expect(runner.measurements.map(\.shareOfLimit) == [nil, nil, 0.25, 0.5])
        #expect(runner.measurements[1].gigabytes == 10)
    }

    @Test func `a decoding step's limit counts weights, keys and values once`() {
        // 2 rows, 3 steps: 3 times all weights; the prompt's 32 places 3 times, and 1 + 2 + 3 of each row
        let config = BenchModel.small.config
        let limit = DecodeBench.limit(config, completions: 2, length: 3)
        let perPlace = 2.0 * Double(config.layers * config.keyValueHeads * config.headSize) * 4
        #expect(limit.bytes == Double(12 * config.parameterCount) + perPlace * (96 + 12))
        #expect(limit.operations == Double(12 * config.parameterCount) && limit.dtype == .float32)
    }

    @Test func `a series has one fit for each part`() throws {
        var runner = BenchRunner([])
        try runner.run(
            BenchGroup(name: "size", count: 4, rounds: 1, variable: "n", parts: ["square", "zero"]) {
                [1.0, 2, 4, 8].map { size in
                    BenchCase("\(size)", size: size) { ["total": 1, "square": size * size, "zero": 0] }
                }
            })
        #expect(runner.series.map(\.name) == ["size/square", "size/zero"])
        let exponent = try #require(runner.series[0].fit?.exponent)
        #expect(abs(exponent - 2) < 1e-9)
        #expect(runner.series[1].fit == nil)
    }

    @Test func `the JSON has the documented keys`() throws {
        var runner = BenchRunner([])
        try runner.run(
            BenchGroup(name: "g", count: 3, rounds: 1, warmsUp: false, variable: "n", parts: ["total"]) {
                [1.0, 2, 3].map { size in BenchCase("\(size)", tokens: 1, size: size) { ["total": size] } }
            })
        let report = BenchReport(
            machine: BenchMachine(), precision: "float32", isQuick: true, measurements: runner.measurements,
            series: runner.series)
        let object = try JSONSerialization.jsonObject(with: jsonEncoder([]).encode(report))
        let keys = try #require(object as? [String: Any])
        #expect(Set(keys.keys) == ["machine", "precision", "is_quick", "measurements", "series"])
        let machine = try #require(keys["machine"] as? [String: Any])
        for key in ["processor", "cores", "threads", "libtorch", "vector_capability", "load_before"] {
            #expect(machine[key] != nil, "\(key)")
        }
        let measurement = try #require((keys["measurements"] as? [[String: Any]])?.first)
        for key in ["name", "seconds", "best", "cpu_seconds", "rounds", "parts", "tokens_per_second"] {
            #expect(measurement[key] != nil, "\(key)")
        }
        let series = try #require((keys["series"] as? [[String: Any]])?.first)
        #expect(series["variable"] as? String == "n")
        #expect(((series["fit"] as? [String: Any])?["exponent"] as? Double).map { abs($0 - 1) < 1e-9 } == true)
        #expect(report.text.contains("g/total"))
    }

    @Test("shapes of the head are read or refused", arguments: ["8x4x2", "8x4", "0x4x2", "8x4x2x1", "axbxc", ""])
    func shapes(_ text: String) {
        #expect((HeadShape(text) != nil) == (text == "8x4x2"))
        #expect(HeadShape(text).map { $0.text == text } ?? true)
    }

    @Test func `every group says how many cases it makes, and has a name of its own`() {
        for isQuick in [true, false] {
            let groups = BenchPlan(isQuick: isQuick, heads: HeadBench.shapes).groups()
            #expect(Set(groups.map(\.name)).count == groups.count)
            #expect(groups.allSatisfy { $0.count > 0 && $0.rounds > 0 && ($0.variable == nil || $0.count >= 3) })
        }
    }
}
