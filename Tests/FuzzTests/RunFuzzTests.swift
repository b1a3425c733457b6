// Spoiled run folders: metrics lines, manifests of checkpoints, and the database of rollouts.

import Foundation
import Testing
import Trajectories

@testable import Runs

@Suite struct RunFuzzTests {
    @Test func `a spoiled metrics line is refused, or is the record that it writes again`() {
        let corpus = [
            #"{"step":12,"reward/mean":0.25,"loss":-1.5e-07,"note":"a\"\\\n\u0001 é 🧪","x":null,"n":-3}"#,
            #"{ "step" : 1 , "entropy/before" : 5.545758749047915, "text": "\ud83e\uddea\/\b\f" }"#, #"{"step":0}"#,
        ]
        let mutation = Mutation(corpus, words: ["\"step\":", "\"step\":3,", "\\u-001", "+1", ".5", "1e5", "\\u00e9"])
        struct Refused: Error {}
        Fuzzing.run("metrics-line", mutation, cases: 5_000, own: [Refused.self]) { bytes in
            guard let record = MetricsLine.record(in: bytes[...]) else { throw Refused() }
            let again = MetricsLine.record(in: Array(record.jsonLine().utf8)[...])
            try Broken.unless(again == record, "\(record.jsonLine()) reads as what it was written from")
            // Foundation's reader has other limits (nesting, doubled keys), but never less than this one
            let object = try? JSONSerialization.jsonObject(with: Data(bytes))
            try Broken.unless(object != nil, "what is taken for a record is JSON")
        }
    }

    @Test func `a spoiled metrics file gives whole records in order, or is refused`() throws {
        let scratch = try Scratch()
        let path = scratch("metrics.jsonl")
        let whole = (1...6).map { #"{"step":\#($0),"loss":0.\#($0),"text":"é"}"# + "\n" }.joined()
        let mutation = Mutation([whole], words: ["\n", "{\"step\":3}\n", "\n\n"])
        Fuzzing.run("metrics-file", mutation, cases: 1_000, share: 0.2, own: [RunError.self]) { bytes in
            try Data(bytes).write(to: URL(filePath: path))
            let records = try MetricsLog.read(file: path)
            let log = try MetricsLog(file: path, truncatingAfter: 4)
            let kept = try MetricsLog.read(file: path)
            try Broken.unless(
                kept == Array(records.prefix { $0.step <= 4 }), "what is kept is the start of what was there")
            try log.append(MetricsRecord(step: (log.lastStep ?? 0) + 1))
        }
    }

    @Test func `a checkpoint with a spoiled manifest is refused, or all that it lists is there`() throws {
        let scratch = try Scratch()
        let store = CheckpointStore(folder: scratch("checkpoints"))
        let pending = try store.begin(step: 7)
        for (name, count) in [("model.safetensors", 1_000), ("trainer.json", 30), ("empty", 0)] {
            try Data((0..<count).map { UInt8(truncatingIfNeeded: $0) }).write(
                to: URL(filePath: pending.path + "/" + name))
        }
        let folder = try pending.commit()
        let manifest = URL(filePath: folder + "/manifest.json")
        let mutation = Mutation(
            [[UInt8](try Data(contentsOf: manifest))],
            words: [
                "\"files\"", "\"path\"", "../", "/dev/zero", "\"bytes\" : 0", "\"crc32\" : \"00000000\"",
                "trainer.json", ".",
            ])
        Fuzzing.run("manifest", mutation, cases: 1_000, share: 0.2, own: [RunError.self]) { bytes in
            try Data(bytes).write(to: manifest)
            try store.verify(step: 7)
            let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            for file in object?["files"] as? [[String: Any]] ?? [] {
                let url = URL(filePath: folder).appending(path: file["path"] as? String ?? "")
                try Broken.unless(try Data(contentsOf: url).count == file["bytes"] as? Int, "\(file) is there")
            }
        }
    }

    @Test func `a spoiled database is refused, or gives what it holds`() throws {
        let scratch = try Scratch()
        let path = scratch("rollouts.sqlite")
        let store = try ExperienceStore(file: path, keepsStatistics: true)
        for step in 1...2 {
            let problem = Problem(id: "p", prompt: "1 2=3", fields: ["target": .number(3), "list": .array([.null])])
            let completion = Completion(
                tokens: [1, 2], sampledLogprob: [-0.5, -1], entropy: [1, 2], discriminant: [0.1, 0.2],
                expectedDiscriminant: [0.1, 0.2], stopReason: .stop)
            try store.append(
                step: step,
                groups: [
                    RolloutGroup(
                        problem: problem, promptTokens: [1, 2, 3], completions: [completion, completion],
                        texts: ["a", "b\u{0}"],
                        verdicts: [
                            Verdict(reward: 1, isCorrect: true, reason: "correct"),
                            Verdict(reward: 0, isCorrect: false, reason: "format"),
                        ])
                ])
        }
        try store.close()
        let mutation = Mutation(
            [[UInt8](try Data(contentsOf: URL(filePath: path)))], words: ["SQLite format 3", "CREATE TABLE"])
        Fuzzing.run("database", mutation, cases: 300, share: 0.05, own: [RunError.self]) { bytes in
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            try Data(bytes).write(to: URL(filePath: path))
            let store = try ExperienceStore(readingFile: path)
            for step in try store.steps() where step.prompts < 100 {
                _ = try store.prompts(step: step.step)
                _ = try store.completions(step: step.step)
                _ = try store.groups(step: step.step)
            }
            try store.close()
        }
    }
}
