// A full disk loses nothing that was there and leaves nothing by halves.

import Foundation
import Runs
import Testing
import Trajectories

@Suite struct DiskFullTests {
    #if os(Linux)
        @Test func `a metric line on a full disk is one sentence`() throws {
            let scratch = try ScratchFolder()
            let path = scratch("metrics.jsonl")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
            let log = try MetricsLog(file: path)
            let error = runError { try log.append(MetricsRecord(step: 1)) }
            #expect(error?.code == .diskFull)
            #expect(
                error?.message
                    == "could not write \(path): the disk is full or the quota is used up; "
                    + "free some space or choose another folder")
            #expect(log.lastStep == nil)
        }
    #endif

    // A limit on file sizes fails a write in its middle, as a full disk does. It binds a whole process, hence one of
    // its own.
    @Test func `writes cut short are taken back, and go on when there is room again`() async throws {
        let scratch = try ScratchFolder()
        await #expect(processExitsWith: .success) { [path = scratch.path as String] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit()
            #if os(Linux)
                let resource = Int32(RLIMIT_FSIZE.rawValue)
            #else
                let resource = RLIMIT_FSIZE
            #endif
            getrlimit(resource, &limit)
            let before = limit.rlim_cur
            func allow(_ bytes: rlim_t) {
                limit.rlim_cur = bytes
                setrlimit(resource, &limit)
            }
            let long = String(repeating: "x", count: 30_000)
            let log = try MetricsLog(file: "\(path)/metrics.jsonl")
            let store = try ExperienceStore(file: "\(path)/rollouts.sqlite")
            let checkpoints = CheckpointStore(folder: "\(path)/checkpoints")
            try AtomicFile.write("old", to: "\(path)/resolved.json")
            var random = RandomSource("disk full")
            var huge = group(&random, completions: 1)
            huge.texts = [String(repeating: "y", count: 4_000_000)]

            allow(200_000)
            var step = 0
            var failure: RunError?
            while failure == nil, step < 100 {
                step += 1
                failure = runError { try log.append(MetricsRecord(step: step, fields: [("text", .string(long))])) }
            }
            #expect(failure?.code == .fileTooLarge)
            #expect(try MetricsLog.read(file: "\(path)/metrics.jsonl").map(\.step) == Array(1..<step))
            #expect(try bytes(of: "\(path)/metrics.jsonl").last == UInt8(ascii: "\n"))
            #expect(runError { try store.append(step: 1, groups: [huge]) }?.code == .inputOutput)
            let atomic = runError {
                try AtomicFile.write(String(repeating: "z", count: 300_000), to: "\(path)/resolved.json")
            }
            #expect(atomic?.code == .fileTooLarge)
            #expect(atomic?.place == "\(path)/resolved.json")
            #expect(try text(of: "\(path)/resolved.json") == "old")
            #expect(try !names(in: path).contains { $0.contains("tmp") })
            let checkpoint = runError {
                let pending = try checkpoints.begin(step: 1)
                try AtomicFile.write(String(repeating: "w", count: 300_000), to: "\(pending.path)/weights")
                try pending.commit()
            }
            #expect(checkpoint?.code == .fileTooLarge)
            #expect(try names(in: checkpoints.folder) == [])

            allow(before)
            try log.append(MetricsRecord(step: step))
            try store.append(step: 1, groups: [huge])
            #expect(try MetricsLog.read(file: "\(path)/metrics.jsonl").map(\.step) == Array(1...step))
            #expect(try store.completions(step: 1).map(\.text.utf8.count) == [4_000_000])
        }
    }
}
