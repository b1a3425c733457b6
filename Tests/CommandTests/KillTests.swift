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
        var kills = (update: 0, checkpoint: 0)
        for attempt in 0..<10 {
            let isCheckpoint = attempt.isMultiple(of: 2)
            let lines = lineCount(folder.metrics)
            let isRun = FileManager.default.fileExists(atPath: scratch("cut/config.yaml"))
            let process = try Maxwell.start(
                ["train", config] + (isRun ? ["--resume"] : []), streams: scratch("stream"))
            // past what the kill before had reached, so that every attempt gets further
            let target = lines + random.integer(below: 5)
            let deadline = Date.now.addingTimeInterval(30)
            while process.isRunning, Date.now < deadline {
                if isCheckpoint, lineCount(folder.metrics) >= target {
                    if !folder.pending().isEmpty { break }
                    continue
                }
                if !isCheckpoint, lineCount(folder.metrics) > target {
                    usleep(UInt32(random.integer(below: 12_000)))
                    break
                }
                usleep(200)
            }
            guard process.isRunning else { break }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if folder.pending().isEmpty { kills.update += 1 } else { kills.checkpoint += 1 }
        }
        #expect(kills.update >= 2 && kills.checkpoint >= 2, "\(kills)")
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
        print("kills: \(kills.update) during updates, \(kills.checkpoint) during checkpoints")
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

    private func lineCount(_ path: String) -> Int {
        FileManager.default.contents(atPath: path)?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }
}
