// A run killed at any moment: what a checkpoint claims is there, and the run can go on.

import Foundation
import Runs
import Testing
import Trajectories

@Suite(.serialized) struct KillTests {
    /// Does what a trainer does in the order it must, until it is killed.
    private static func train(
        in folder: RunFolder, until last: Int, afterStep: (_ done: Int) -> Void = { _ in }
    ) throws {
        let lock = try RunLock(folder)
        let store = CheckpointStore(folder: folder.checkpointsPath, keep: 2)
        let start = try store.newestValid()?.step ?? 0
        let log = try MetricsLog(file: folder.metricsPath, truncatingAfter: start)
        let experience = try ExperienceStore(file: folder.databasePath, keepsStatistics: true)
        try experience.deleteSteps(after: start)
        guard log.lastStep ?? 0 == start, try experience.lastStep() ?? 0 == start else {
            throw RunError(.damaged, "checkpoint \(start) claims more than is there", place: folder.path)
        }
        for step in stride(from: start + 1, through: last, by: 1) {
            var random = RandomSource(seed: 1, purpose: .testing, step: step)
            try experience.append(step: step, groups: [group(&random), group(&random)])
            try log.append(MetricsRecord(step: step, fields: [("loss", .double(random.uniform()))]))
            afterStep(step - start)
            if step.isMultiple(of: 3) {
                let pending = try store.begin(step: step)
                try put((0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* step) }, at: "\(pending.path)/weights")
                try pending.commit()
            }
        }
        _ = consume lock
    }

    @Test func `killed again and again, a run ends as one that never was`() async throws {
        let scratch = try ScratchFolder()
        let folder = try RunFolder.create(at: scratch("killed"))
        for attempt in 0..<12 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = folder.path as String, attempt = attempt as Int] in
                var random = RandomSource("kill", case: attempt)
                // Some kills fall into the start of the run, the others behind at least one more checkpoint.
                let steps = attempt < 4 ? 0 : 4 + random.integer(below: 6)
                let delay = UInt32(random.integer(below: attempt < 4 ? 20_000 : 4_000))
                @Sendable func killSoon(done: Int) {
                    guard done == steps else { return }
                    Thread.detachNewThread {
                        usleep(delay)
                        kill(getpid(), SIGKILL)
                    }
                }
                killSoon(done: 0)
                // A folder killed before its first file is no run yet.
                let folder = try (try? RunFolder.open(at: path)) ?? RunFolder.create(at: path)
                try KillTests.train(in: folder, until: 1_000_000, afterStep: killSoon)
            }
            let store = CheckpointStore(folder: folder.checkpointsPath)
            let claimed = try store.newestValid { Issue.record($0) }?.step ?? 0
            if FileManager.default.fileExists(atPath: folder.metricsPath) {
                let steps = try MetricsLog.read(file: folder.metricsPath).map(\.step)
                #expect(steps == Array(0..<steps.count).map { $0 + 1 })
                #expect(steps.count >= claimed)
            } else {
                #expect(claimed == 0)
            }
            if claimed > 0 {
                let stored = try ExperienceStore(readingFile: folder.databasePath).steps().map(\.step)
                #expect(stored == Array(0..<stored.count).map { $0 + 1 })
                #expect(stored.count >= claimed)
            }
        }
        let reached = try CheckpointStore(folder: folder.checkpointsPath).newestValid()?.step ?? 0
        #expect(reached >= 8 * 3)
        let last = reached + 7
        try KillTests.train(in: folder, until: last)
        let whole = try RunFolder.create(at: scratch("whole"))
        try KillTests.train(in: whole, until: last)
        #expect(try bytes(of: folder.metricsPath) == bytes(of: whole.metricsPath))
        let stores = try [folder, whole].map { try ExperienceStore(readingFile: $0.databasePath) }
        #expect(try stores[0].steps() == stores[1].steps())
        for step in 1...last { #expect(try stores[0].groups(step: step) == stores[1].groups(step: step)) }
        #expect(try names(in: folder.checkpointsPath) == names(in: whole.checkpointsPath))
    }
}
