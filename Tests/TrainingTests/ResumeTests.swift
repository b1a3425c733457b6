// Stopped after any step and resumed, a run ends as if it had never stopped; what cannot be resumed is refused.

import Foundation
import Models
import Runs
import Testing
import Tokenizers
import Torch
import Training
import Trajectories

@Suite struct ResumeTests {
    /// Every step a run can be stopped after; of the odd ones the newest checkpoint is one step older.
    @Test func `stopped after any step, with or without a checkpoint there, a run goes on to the same bits`() throws {
        let start = try WarmStart()
        for extra in [[], ["training.mini_batches=2", "training.epochs=2"]] {
            let tag = extra.isEmpty ? "one" : "four"
            let whole = try TrainingRun(try TinyRun.config(start.yaml("\(tag)-whole"), extra), resume: false).run()
            let expected = try timeless(start.scratch("\(tag)-whole/metrics.jsonl"))
            for stop in 1..<6 {
                let name = "\(tag)-\(stop)"
                let yaml = start.yaml(name)
                _ = try TrainingRun(
                    try TinyRun.config(yaml, extra, steps: stop), resume: false
                ).run()
                let checkpoints = CheckpointStore(folder: start.scratch(name + "/checkpoints"))
                if !stop.isMultiple(of: 2) {
                    // a kill between two checkpoints: metrics and rollouts are ahead of the newest one
                    try FileManager.default.removeItem(atPath: checkpoints.path(ofStep: stop))
                }
                let run = try TrainingRun(try TinyRun.config(yaml, extra), resume: true)
                #expect(run.completedSteps == stop / 2 * 2)
                let resumed = try run.run()
                #expect(try weights(resumed) == weights(whole), "stopped after \(stop)")
                #expect(try timeless(start.scratch(name + "/metrics.jsonl")) == expected, "stopped after \(stop)")
                let stores = try [name, "\(tag)-whole"].map {
                    try ExperienceStore(readingFile: start.scratch($0 + "/rollouts.sqlite"))
                }
                #expect(try stores[0].steps() == stores[1].steps())
                for step in 1...6 {
                    #expect(try stores[0].completions(step: step) == stores[1].completions(step: step))
                }
            }
        }
    }

    @Test func `a run resumed long ago still saves the tokenizer with its model`() throws {
        let start = try WarmStart()
        let yaml = start.yaml("run")
        let options = ["checkpoint.every=1", "checkpoint.keep=1"]
        _ = try TrainingRun(try TinyRun.config(yaml, options, steps: 2), resume: false).run()
        let final = try TrainingRun(try TinyRun.config(yaml, options), resume: true).run()
        #expect(
            try Set(FileManager.default.contentsOfDirectory(atPath: final)).isSuperset(
                of: FileManager.default.contentsOfDirectory(atPath: start.model).filter { $0 != "manifest.json" }))
        _ = try BytePairTokenizer(file: final + "/tokenizer.json")
        #expect(try TrainingRun(try TinyRun.config(yaml, options), resume: true).run() == final)
    }

    @Test func `killed while its checkpoint was being replaced, a run resumes and saves the tokenizer`() throws {
        let start = try WarmStart()
        let yaml = start.yaml("run")
        let options = ["checkpoint.every=1", "checkpoint.keep=1"]
        let path = try TrainingRun(try TinyRun.config(yaml, options, steps: 2), resume: false).run()
        // what a kill between the two renames of a replacement leaves
        let folder = path.replacing("step-000002", with: ".replaced-step-000002")
        try FileManager.default.moveItem(atPath: path, toPath: folder)
        let final = try TrainingRun(try TinyRun.config(yaml, options), resume: true).run()
        _ = try BytePairTokenizer(file: final + "/tokenizer.json")
        #expect(!FileManager.default.fileExists(atPath: folder) && final != path)
    }

    @Test func `another configuration is refused and the folder keeps its own`() throws {
        let start = try WarmStart()
        let yaml = start.yaml("run")
        _ = try TrainingRun(try TinyRun.config(yaml, steps: 2), resume: false).run()
        let before = try timeless(start.scratch("run/metrics.jsonl"))
        let other = try TinyRun.config(start.yaml("run", learningRate: "4e-3"))
        let error = #expect(throws: TrainingError.self) { try TrainingRun(other, resume: true) }
        #expect(
            error?.description
                == "\(start.scratch("run")) was started with another configuration, kept in its config.yaml; "
                + "resume with that one or name another output")
        #expect(try String(contentsOfFile: start.scratch("run/config.yaml"), encoding: .utf8) == yaml)
        #expect(try timeless(start.scratch("run/metrics.jsonl")) == before)
    }

    @Test func `another configuration is refused before the first checkpoint as well`() throws {
        let start = try WarmStart()
        let yaml = start.yaml("run")
        _ = try TrainingRun(try TinyRun.config(yaml, steps: 1), resume: false).run()
        try FileManager.default.removeItem(atPath: start.scratch("run/checkpoints"))
        let other = try TinyRun.config(start.yaml("run", learningRate: "4e-3"))
        #expect(throws: TrainingError.self) { try TrainingRun(other, resume: true) }
        #expect(try String(contentsOfFile: start.scratch("run/config.yaml"), encoding: .utf8) == yaml)
        // the same one starts again from the model
        #expect(try TrainingRun(try TinyRun.config(yaml), resume: true).completedSteps == 0)
    }

    @Test(arguments: ["model.safetensors", "trainer.safetensors", "trainer.json", "manifest.json"])
    func `a damaged newest checkpoint is named, skipped, and the end is the same`(file: String) throws {
        let start = try WarmStart()
        let whole = try TrainingRun(try TinyRun.config(start.yaml("whole")), resume: false).run()
        let yaml = start.yaml("run")
        _ = try TrainingRun(try TinyRun.config(yaml, steps: 4), resume: false).run()
        let damaged = start.scratch("run/checkpoints/step-000004")
        var bytes = try Data(contentsOf: URL(filePath: "\(damaged)/\(file)"))
        bytes[bytes.count / 2] ^= 0x11
        try bytes.write(to: URL(filePath: "\(damaged)/\(file)"))
        var warnings: [String] = []
        let run = try TrainingRun(try TinyRun.config(yaml), resume: true) { warnings.append($0) }
        #expect(warnings.count == 1 && warnings[0].contains("step-000004"), "\(warnings)")
        #expect(run.completedSteps == 2)
        #expect(try weights(try run.run()) == weights(whole))
        #expect(try timeless(start.scratch("run/metrics.jsonl")) == timeless(start.scratch("whole/metrics.jsonl")))
    }

    @Test func `a new run into a folder that holds one, or a resumed one into nothing, is refused`() throws {
        let start = try WarmStart()
        let config = try TinyRun.config(start.yaml("run"), steps: 1)
        let missing = #expect(throws: RunError.self) { try TrainingRun(config, resume: true) }
        #expect(missing?.code == .missing)
        _ = try TrainingRun(config, resume: false).run()
        let before = try timeless(start.scratch("run/metrics.jsonl"))
        let error = #expect(throws: RunError.self) { try TrainingRun(config, resume: false) }
        #expect(error?.code == .exists)
        #expect(try timeless(start.scratch("run/metrics.jsonl")) == before)
    }

    @Test func `a run that cannot start leaves no folder`() throws {
        let start = try WarmStart()
        func refused(_ overrides: [String]) throws {
            let config = try TinyRun.config(start.yaml("refused"), overrides)
            #expect(throws: (any Error).self, "\(overrides)") { try TrainingRun(config, resume: false) }
            #expect(!FileManager.default.fileExists(atPath: start.scratch("refused")), "\(overrides)")
        }
        try refused(["model=\(start.scratch("nowhere"))"])
        try refused(["prompts=\(start.scratch("nowhere.jsonl"))"])
        let bare = start.scratch("bare")
        try FileManager.default.copyItem(atPath: start.model, toPath: bare)
        try FileManager.default.removeItem(atPath: bare + "/tokenizer.json")
        try refused(["model=\(bare)"])
        // a prompt that does not fit the model is known before anything is sampled
        let long = start.scratch("long.jsonl")
        let prompt = String(repeating: "1 ", count: 20) + "=1"
        try Data(#"{"prompt": "\#(prompt)", "numbers": [1], "target": 1}"#.utf8).write(to: URL(filePath: long))
        try refused(["prompts=\(long)"])
    }
}
