// The trainer killed in the middle of an update or of a checkpoint goes on as if it had not been.

import Foundation
import Runs
import Testing
import Trajectories

@Suite struct KillTests {
    @Test(.timeLimit(.minutes(3)))
    func `killed during updates and during checkpoints, a run ends with the metrics of one that was not`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let whole = try scratch.write(
            Maxwell.trainYAML(model: scratch("model"), output: scratch("whole")), to: "whole.yaml")
        try Maxwell.success(["train", whole])
        let config = try scratch.write(
            Maxwell.trainYAML(model: scratch("model"), output: scratch("cut")), to: "cut.yaml")
        let folder = RunFolder(scratch("cut"))
        var random = RandomSource(seed: 1, purpose: .testing)
        for attempt in 0..<8 {
            let isCheckpoint = attempt.isMultiple(of: 2)
            let isRun = FileManager.default.fileExists(atPath: scratch("cut/config.yaml"))
            // past what the kill before had reached, so that every attempt gets further
            let target = lineCount(folder.metrics) + random.integer(below: 4) + (isCheckpoint ? 0 : 1)
            let process = try Maxwell.start(
                ["train", config] + (isRun ? ["--resume"] : []), streams: scratch("stream"))
            while process.isRunning, lineCount(folder.metrics) < target { usleep(200) }
            if !isCheckpoint { usleep(UInt32(random.integer(below: 12_000))) }
            // Look while it stands still: what is seen is then what the kill meets.
            var isKilled = false
            while process.isRunning, !isKilled {
                while process.isRunning, folder.pending().isEmpty == isCheckpoint { usleep(20) }
                kill(process.processIdentifier, SIGSTOP)
                while !hasStopped(process) { usleep(100) }
                isKilled = process.isRunning && folder.pending().isEmpty != isCheckpoint
                kill(process.processIdentifier, isKilled ? SIGKILL : SIGCONT)
            }
            process.waitUntilExit()
            #expect(isKilled, "attempt \(attempt) found no moment \(isCheckpoint ? "in a checkpoint" : "in an update")")
            #expect(folder.pending().isEmpty != isCheckpoint)
        }
        try Maxwell.success(["train", config, "--resume"])
        let expected = try MetricsLog.read(file: scratch("whole/metrics.jsonl")).map(\.withoutWallClock)
        #expect(expected.count == 60)
        #expect(try MetricsLog.read(file: scratch("cut/metrics.jsonl")).map(\.withoutWallClock) == expected)
        let name = "checkpoints/step-000030/"
        for file in ["model.safetensors", "trainer.safetensors", "tokenizer.json"] {
            let both = try ["whole/", "cut/"].map { try Data(contentsOf: URL(filePath: scratch($0 + name + file))) }
            #expect(both[0] == both[1], "\(file)")
        }
        #expect(folder.pending().isEmpty)
        let stores = try ["whole", "cut"].map { try ExperienceStore(readingFile: scratch($0 + "/rollouts.sqlite")) }
        #expect(try stores[0].steps() == stores[1].steps())
    }

    @Test(.timeLimit(.minutes(2)), arguments: [SIGINT, SIGTERM])
    func `asked to stop, a run ends its step, saves it and goes on later as if nothing had been`(signal: Int32) throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let whole = try scratch.write(
            Maxwell.trainYAML(model: scratch("model"), output: scratch("whole"), steps: 40, every: 100),
            to: "whole.yaml")
        try Maxwell.success(["train", whole])
        let config = try scratch.write(
            Maxwell.trainYAML(model: scratch("model"), output: scratch("cut"), steps: 40, every: 100), to: "cut.yaml")
        var stops = 0
        while !FileManager.default.fileExists(atPath: scratch("cut/checkpoints/step-000040")) {
            let before = lineCount(scratch("cut/metrics.jsonl"))
            let process = try Maxwell.start(
                ["train", config] + (before > 0 ? ["--resume"] : []), streams: scratch("stream"))
            while process.isRunning, lineCount(scratch("cut/metrics.jsonl")) < before + 3 { usleep(200) }
            // twice, and then to the end
            if process.isRunning, stops < 2 { kill(process.processIdentifier, signal) }
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 0)
            let said = try String(contentsOfFile: scratch("stream.out"), encoding: .utf8)
            if said.contains("Stopped after step") { stops += 1 }
        }
        #expect(stops == 2)
        let expected = try MetricsLog.read(file: scratch("whole/metrics.jsonl")).map(\.withoutWallClock)
        #expect(try MetricsLog.read(file: scratch("cut/metrics.jsonl")).map(\.withoutWallClock) == expected)
        let weights = try ["whole", "cut"].map {
            try Data(contentsOf: URL(filePath: scratch($0 + "/checkpoints/step-000040/model.safetensors")))
        }
        #expect(weights[0] == weights[1])
        let findings = try Maxwell.success(["diagnose", scratch("cut")])
        #expect(findings.contains("80 updates") && findings.contains("What did entropy do?"))
    }

    @Test func `a run is resumed with the overrides it was started with`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let config = try scratch.write(
            Maxwell.trainYAML(model: scratch("model"), output: scratch("run"), steps: 2), to: "run.yaml")
        try Maxwell.success(["train", config, "algorithm.mu_neg=2.5"])
        let kept = try String(contentsOfFile: scratch("run/config.yaml"), encoding: .utf8)
        #expect(kept.contains("algorithm.mu_neg=2.5"))
        for overrides in [[], ["algorithm.mu_neg=3"]] {
            let sentence = try Maxwell.refusal(["train", config, "--resume"] + overrides)
            #expect(sentence.contains("another configuration"))
        }
        try Maxwell.success(["train", config, "--resume", "algorithm.mu_neg=2.5"])
    }

    @Test func `two trainers do not share a folder`() throws {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let config = try scratch.write(
            Maxwell.trainYAML(model: scratch("model"), output: scratch("run"), steps: 100_000), to: "run.yaml")
        let process = try Maxwell.start(["train", config], streams: scratch("stream"))
        defer {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let deadline = Date.now.addingTimeInterval(30)
        while lineCount(scratch("run/metrics.jsonl")) == 0, process.isRunning, Date.now < deadline { usleep(10_000) }
        let sentence = try Maxwell.refusal(["train", config, "--resume"])
        #expect(sentence.contains("\(process.processIdentifier)"))
    }

    private struct RunFolder {
        let path: String
        init(_ path: String) { self.path = path }
        var metrics: String { path + "/metrics.jsonl" }

        /// Checkpoints being written, or left by a kill.
        func pending() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")) ?? []).filter {
                $0.hasPrefix(".tmp-step")
            }
        }
    }

    /// Whether a process sent SIGSTOP stands still (`T` in Linux's process table), or is no more.
    private func hasStopped(_ process: Process) -> Bool {
        guard process.isRunning,
            let stat = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8),
            let name = stat.lastIndex(of: ")")
        else { return true }
        return stat[name...].dropFirst(2).first == "T"
    }

    private func lineCount(_ path: String) -> Int {
        FileManager.default.contents(atPath: path)?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }
}
