// One metric line: how it is written, and that it reads back as itself.

import Testing
import Trajectories

@testable import Runs

@Suite struct MetricsRecordTests {
    @Test func `keys keep their order and numbers their shortest form`() {
        let record = MetricsRecord(
            step: 12,
            fields: [
                ("reward/mean", .double(0.1)), ("tokens", .int(4096)), ("algorithm", .string("clip_b \"b\"\n\u{1}")),
                ("kl", .double(.nan)), ("ratio", .double(.infinity)), ("gap", .null), ("lr", .double(1e-6)),
                ("one", .double(1)),
            ])
        #expect(
            record.jsonLine()
                == #"{"step":12,"reward/mean":0.1,"tokens":4096,"algorithm":"clip_b \"b\"\n\u0001","kl":null,"#
                + #""ratio":null,"gap":null,"lr":1e-06,"one":1.0}"#)
        #expect(record["tokens"] == .int(4096))
        #expect(record["absent"] == nil)
    }

    @Test func `fields that measure time are told by their names`() {
        #expect(MetricsRecord.isWallClock("seconds/update"))
        #expect(MetricsRecord.isWallClock("rate/tokens_per_second"))
        #expect(!MetricsRecord.isWallClock("entropy/seconds/x"))
        #expect(!MetricsRecord.isWallClock("learning_rate"))
        let record = MetricsRecord(
            step: 1, fields: [("seconds/update", .double(1)), ("loss", .int(2)), ("rate/t", .null)])
        #expect(record.withoutWallClock == MetricsRecord(step: 1, fields: [("loss", .int(2))]))
    }

    @Test func `any record reads back as itself`() {
        for number in 0..<1000 {
            var random = RandomSource("round trip", case: number)
            let fields: [(String, MetricValue)] = (0..<random.integer(below: 8)).map { index in
                let value: MetricValue =
                    switch random.integer(below: 4) {
                    case 0: .int(Int(truncatingIfNeeded: random.next()))
                    case 1: .double(finite(Double(bitPattern: random.next())))
                    case 2: .string(random.nastyText())
                    default: .null
                    }
                return ("\(index)\(random.nastyText())", value)
            }
            let record = MetricsRecord(step: random.integer(below: 1 << 40), fields: fields)
            let line = Array(record.jsonLine().utf8)
            #expect(!line.contains { $0 < 0x20 })
            let back = MetricsLine.record(in: line[...])
            #expect(back == record)
            #expect(back.map { same($0.jsonLine(), record.jsonLine()) } == true)
        }
    }

    @Test func `foreign white space and escapes are understood`() {
        let line = #" { "a" : "\u00e9\ud83e\uddea\/\b\f" , "step":3,"b":-1.5E2 } "#
        let record = MetricsLine.record(in: Array(line.utf8)[...])
        #expect(
            record == MetricsRecord(step: 3, fields: [("a", .string("é🧪/\u{8}\u{c}")), ("b", .double(-150))]))
    }

    @Test(
        "what is not one flat record is refused",
        arguments: [
            "", "{}", "{\"a\":1}", "{\"step\":1", "{\"step\":1.5}", "{\"step\":1}x", "{\"step\":1,}",
            "{\"step\":1,\"a\":[1]}",
            "{\"step\":1,\"a\":true}", "{\"step\":1,\"a\":1e999}", "{\"step\":1,\"a\":\"\\ud800\"}",
            "{\"step\":1,\"a\":\"\\q\"}",
            "{\"step\":1,\"step\":2}", "{\"step\":1,\"a\":--1}", "[1]", "{\"step\":\"1\"}", "{\"step\":1,\"a\":nul}",
            "{\"step\":1,\"a\":\"\\u+123\"}", "{\"step\":1,\"a\":\"\\u-001\"}",
            // numbers for Swift, not for JSON
            "{\"step\":+1}", "{\"step\":01}", "{\"step\":1,\"a\":.5}", "{\"step\":1,\"a\":5.}", "{\"step\":1,\"a\":-}",
            "{\"step\":1,\"a\":1e}", "{\"step\":1,\"a\":1.e5}", "{\"step\":1,\"a\":00.5}",
        ])
    func refused(line: String) {
        #expect(MetricsLine.record(in: Array(line.utf8)[...]) == nil)
    }

    @Test func `no change of bytes makes the reader fail otherwise than by refusing`() {
        let line = Array(
            MetricsRecord(step: 7, fields: [("a", .string("\u{1}🧪\"")), ("b", .double(1e-7))]).jsonLine().utf8)
        for number in 0..<3000 {
            var random = RandomSource("fuzz", case: number)
            var spoiled = line
            for _ in 0...random.integer(below: 4) {
                spoiled[random.integer(below: spoiled.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            let cut = random.integer(below: spoiled.count + 1)
            if let record = MetricsLine.record(in: spoiled[..<cut]) {
                #expect(MetricsLine.record(in: Array(record.jsonLine().utf8)[...]) == record)
            }
        }
    }

    private func finite(_ value: Double) -> Double { value.isFinite ? value : 0 }
}
