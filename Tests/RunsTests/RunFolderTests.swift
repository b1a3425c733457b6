// Which folders are runs, and who may train in one.

import Foundation
import Runs
import Testing

@Suite struct RunFolderTests {
    @Test func `a new folder is made with those above it, and holds the parts by name`() throws {
        let scratch = try ScratchFolder()
        let folder = try RunFolder.create(at: scratch("deep/er/run/"))
        #expect(folder.path == scratch("deep/er/run"))
        #expect(try names(in: folder.path) == [])
        #expect(folder.metricsPath == scratch("deep/er/run/metrics.jsonl"))
        #expect(folder.databasePath == scratch("deep/er/run/rollouts.sqlite"))
        #expect(folder.checkpointsPath == scratch("deep/er/run/checkpoints"))
        #expect(folder.configPath == scratch("deep/er/run/config.yaml"))
        #expect(folder.resolvedPath == scratch("deep/er/run/resolved.json"))
        #expect(folder.reportPath == scratch("deep/er/run/report.html"))
        // A run that died before its first file may be begun again.
        #expect(try RunFolder.create(at: folder.path) == folder)
    }

    @Test func `a folder that holds a run is not taken for a new one`() throws {
        let scratch = try ScratchFolder()
        let folder = try RunFolder.create(at: scratch("run"))
        _ = try MetricsLog(file: folder.metricsPath)
        let error = runError { _ = try RunFolder.create(at: scratch("run")) }
        #expect(error?.code == .exists)
        #expect(
            error?.message
                == "\(folder.path) already holds a run (metrics.jsonl); resume it or choose another folder")
        #expect(try RunFolder.open(at: scratch("run")) == folder)
    }

    @Test func `opening says what is not a run`() throws {
        let scratch = try ScratchFolder()
        try put([], at: scratch("file"))
        #expect(
            runError { _ = try RunFolder.open(at: scratch("no")) }?.message
                == "there is no run folder at \(scratch("no")); check the path")
        #expect(
            runError { _ = try RunFolder.open(at: scratch("file")) }?.message
                == "\(scratch("file")) is not a folder; give the folder of a run")
        #expect(
            runError { _ = try RunFolder.open(at: scratch.path) }?.message
                == "\(scratch.path) holds no run (no config.yaml, metrics.jsonl or checkpoints); check the path")
    }

    @Test func `a second trainer gets a sentence, and its turn when the first ends`() throws {
        let scratch = try ScratchFolder()
        let folder = try RunFolder.create(at: scratch("run"))
        do {
            let first = try RunLock(folder)
            let error = runError { _ = try RunLock(folder) }
            #expect(error?.code == .locked)
            #expect(
                error?.message
                    == "could not lock \(folder.path): process \(getpid()) is training there; "
                    + "wait for it to end, stop it, or choose another folder")
            _ = consume first
        }
        _ = try RunLock(folder)
    }

    @Test func `a lock keeps other processes out and ends with the process, even by SIGKILL`() async throws {
        let scratch = try ScratchFolder()
        let folder = try RunFolder.create(at: scratch("run"))
        do {
            let first = try RunLock(folder)
            await #expect(processExitsWith: .success) { [path = folder.path as String] in
                #expect(runError { _ = try RunLock(RunFolder.create(at: path)) }?.code == .locked)
            }
            _ = consume first
        }
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder.path as String] in
            let lock = try RunLock(RunFolder.create(at: path))
            kill(getpid(), SIGKILL)
            _ = consume lock
        }
        _ = try RunLock(folder)
    }
}
