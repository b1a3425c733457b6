// metrics.jsonl after kills, resumes and damage.

import Foundation
import Runs
import Testing

@Suite struct MetricsLogTests {
    private func record(_ step: Int) -> MetricsRecord {
        MetricsRecord(step: step, fields: [("loss", .double(1 / Double(step))), ("note", .string("é \(step)"))])
    }

    private func written(_ steps: ClosedRange<Int>) -> [UInt8] {
        steps.flatMap { Array((record($0).jsonLine() + "\n").utf8) }
    }

    @Test func `lines are in the file when append returns`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("metrics.jsonl")
        let log = try MetricsLog(file: path)
        #expect(log.lastStep == nil)
        for step in 1...5 {
            try log.append(record(step))
            #expect(try bytes(of: path) == written(1...step))
            #expect(log.lastStep == step)
        }
        #expect(try MetricsLog.read(file: path) == (1...5).map(record))
    }

    @Test func `a kill at any byte leaves a file that reads and goes on`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("metrics.jsonl")
        let whole = written(1...3)
        for size in 0...whole.count {
            try put(whole[..<size], at: path)
            let steps = (1...3).filter { written(1...$0).count <= size + 1 }
            #expect(try MetricsLog.read(file: path).map(\.step) == steps)
            let log = try MetricsLog(file: path)
            #expect(log.lastStep == steps.last)
            #expect(try bytes(of: path) == (steps.last.map { written(1...$0) } ?? []))
            try log.append(record(9))
            #expect(try MetricsLog.read(file: path) == steps.map(record) + [record(9)])
        }
        #expect(try names(in: scratch.path) == ["metrics.jsonl"])
    }

    @Test func `resuming after a step drops the later lines and the torn one`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("metrics.jsonl")
        for step in 0...7 {
            try put(written(1...6) + Array("{\"step\":7,\"lo".utf8), at: path)
            let log = try MetricsLog(file: path, truncatingAfter: step)
            #expect(log.lastStep == (step == 0 ? nil : min(step, 6)))
            #expect(try bytes(of: path) == (step == 0 ? [] : written(1...min(step, 6))))
            try log.append(record(step + 1))
            #expect(log.lastStep == step + 1)
        }
    }

    @Test func `a file that needs no cut is not rewritten`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("metrics.jsonl")
        try put(written(1...3), at: path)
        let before = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64
        _ = try MetricsLog(file: path, truncatingAfter: 3)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64 == before)
    }

    @Test func `a damaged line in the middle is named and nothing is changed`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("metrics.jsonl")
        let spoiled = written(1...2) + Array("garbage\n".utf8) + written(3...4)
        try put(spoiled, at: path)
        for body in [{ _ = try MetricsLog.read(file: path) }, { _ = try MetricsLog(file: path, truncatingAfter: 3) }] {
            let error = runError(body)
            #expect(error?.code == .damaged)
            #expect(
                error?.message == "could not read \(path): line 3 is not a metrics record; repair or remove that line")
            #expect(error?.place == "\(path):3")
        }
        #expect(try bytes(of: path) == spoiled)
        // Behind the step that is resumed nothing matters.
        try put(written(1...3) + Array("garbage\n".utf8), at: path)
        #expect(try MetricsLog(file: path, truncatingAfter: 2).lastStep == 2)
    }

    @Test func `a step that does not follow and a field twice are refused`() throws {
        let scratch = try ScratchFolder()
        let path = scratch("metrics.jsonl")
        let log = try MetricsLog(file: path)
        try log.append(record(4))
        for step in [3, 4] {
            #expect(
                runError { try log.append(record(step)) }?.message
                    == "could not write step \(step) to \(path): it already holds step 4; "
                    + "open it truncated after the step that is resumed")
        }
        for name in ["a", "step"] {
            #expect(
                runError { try log.append(MetricsRecord(step: 5, fields: [("a", .null), (name, .null)])) }?.message
                    == "could not write step 5 to \(path): the field \(name) appears twice; give each field one name")
        }
        #expect(try bytes(of: path) == written(4...4))
    }
}
