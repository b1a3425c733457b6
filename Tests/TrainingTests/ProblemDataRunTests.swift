// Runs on files of problems: long prompts, held-out problems and orders, whole and resumed.

import Environments
import Foundation
import Models
import Runs
import Testing
import Trajectories

@testable import Training

@Suite struct ProblemDataRunTests {
    /// Prompts of every step of a run, in order.
    private func prompts(_ run: String, steps: Int) throws -> [[String]] {
        let store = try ExperienceStore(readingFile: run + "/rollouts.sqlite")
        return try (1...steps).map { try store.prompts(step: $0).map(\.problem.prompt) }
    }

    /// Nine short problems with a level each, and three whose prompts are long.
    private func writeLevels(to path: String) throws {
        let lines = (1...12).map { number in
            let front = number > 9 ? String(repeating: "0 ", count: 10) : ""
            let digit = number > 9 ? number - 9 : number
            return
                #"{"ask": "\#(front)\#(digit)=\#(digit)\n", "numbers": [\#(digit)], "target": \#(digit), "level": "Level \#((number * 7) % 13)"}"#
        }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
    }

    @Test(arguments: [
        ["data.overlong=drop", "data.order={name: curriculum, field: level, share: 0.5, window: 3}"],
        ["data.overlong=keep_end", "data.order={name: as_written}"],
    ])
    func `a run on a file with long prompts, stopped and resumed, sees the same problems and ends with the same bits`(
        _ data: [String]
    ) throws {
        let start = try WarmStart()
        let file = start.scratch("levels.jsonl")
        try writeLevels(to: file)
        let options = ["prompts=" + file, "data.fields.prompt=ask", "data.max_prompt_tokens=6"] + data
        let whole = try TrainingRun(try TinyRun.config(start.yaml("whole"), options), resume: false)
        #expect(whole.promptSentence?.contains("3 of 12") == true)
        let expected = try weights(try whole.run())
        var stopped = 0
        _ = try TrainingRun(try TinyRun.config(start.yaml("cut"), options), resume: false).run(
            onStep: { stopped = $0.step }, shouldStop: { stopped >= 2 })
        let resumed = try TrainingRun(try TinyRun.config(start.yaml("cut"), options), resume: true)
        #expect((1..<6).contains(resumed.completedSteps))
        #expect(try weights(try resumed.run()) == expected)
        let seen = try prompts(start.scratch("whole"), steps: 6)
        #expect(try prompts(start.scratch("cut"), steps: 6) == seen)
        if data[0].hasSuffix("drop") {
            #expect(seen.joined().allSatisfy { $0.utf8.count < 6 })
            // 12 positions of the ramp over 9 problems: one pass, in windows of three levels
            let levels = Dictionary(uniqueKeysWithValues: (1...9).map { ("\($0)=\($0)\n", ($0 * 7) % 13) })
            let ramp = try seen.joined().prefix(9).map { try #require(levels[$0]) }
            let sorted = levels.values.sorted()
            for window in 0..<3 {
                let own = window * 3..<window * 3 + 3
                #expect(ramp[own].sorted() == Array(sorted[own]))
            }
        } else {
            // positions 9 to 11 hold the long prompts, whose last tokens were shown
            let store = try ExperienceStore(readingFile: start.scratch("whole/rollouts.sqlite"))
            let long = try #require(try store.prompts(step: 3).last)
            #expect(long.problem.prompt.hasSuffix("0 3=3\n"))
            let vocabulary = try Vocabulary(folder: start.model, model: try ModelConfig(folder: start.model))
            #expect(long.tokens == Array(vocabulary.encode(long.problem.prompt).suffix(6)))
        }
    }

    @Test func `problems that are held out are never trained on, and early stopping tests by them`() throws {
        let start = try WarmStart()
        let options = ["data.held_out=0.4", "early_stopping={problems: 2, samples: 2, patience: 50}"]
        let config = try TinyRun.config(start.yaml("run"), options)
        let source = try ProblemSource(config)
        let heldout = Set(try #require(source.heldout).map(\.prompt))
        #expect((2..<9).contains(heldout.count))
        _ = try TrainingRun(config, resume: false).run()
        let seen = Set(try prompts(start.scratch("run"), steps: 6).joined())
        #expect(seen.count == 9 - heldout.count && seen.isDisjoint(with: heldout))
        let greedy = try TinyRun.config(
            start.yaml("greedy"), ["data.held_out=0.4", "early_stopping={problems: 9, samples: 2}"])
        let error = try #require(throws: TrainingError.self) { try TrainingRun(greedy, resume: false).run() }
        #expect(error.description.contains("held-out problems of"))
    }

    @Test func `a prompt that does not fit is refused before a folder is made`()
        throws
    {
        let start = try WarmStart()
        let file = start.scratch("levels.jsonl")
        try writeLevels(to: file)
        func sentence(_ options: [String], prompts: String? = nil) throws -> String {
            let options = ["prompts=" + (prompts ?? file), "data.fields.prompt=ask"] + options
            let config = try TinyRun.config(start.yaml("none"), options)
            let error = try #require(throws: TrainingError.self) { try TrainingRun(config, resume: false) }
            #expect(!FileManager.default.fileExists(atPath: start.scratch("none")))
            return error.description
        }
        let refused = try sentence(["data.max_prompt_tokens=6"])
        #expect(
            refused.hasPrefix("levels.jsonl:10 has a prompt of ") && refused.contains("data.max_prompt_tokens is 6"))
        #expect(try sentence(["data.max_prompt_tokens=1", "data.overlong=drop"]).hasPrefix("every prompt of "))
    }

    @Test func `a conversation is not cut`() throws {
        let start = try WarmStart()
        try Data("{% for m in messages %}{{ m.content }}\n{% endfor %}".utf8).write(
            to: URL(filePath: start.model + "/chat_template.jinja"))
        let vocabulary = try Vocabulary(folder: start.model, model: try ModelConfig(folder: start.model))
        let messages = JSONValue.array([.object(["role": .string("user"), "content": .string("1 2 3 4 5")])])
        let problem = Problem(id: "d:1", prompt: "", fields: ["messages": messages])
        let error = try #require(throws: TrainingError.self) {
            try PromptFit(
                [problem], vocabulary, contextLength: 32, limit: PromptLimit(policy: .keepEnd, tokens: 4), place: "d")
        }
        #expect(error.description.contains("this is a conversation"))
    }

    @Test func `a data section without a file is refused`() throws {
        let yaml = """
            model: m
            output: o
            data: {held_out: 0.1}
            algorithm: {name: grpo}
            """
        #expect(throws: (any Error).self) { try TinyRun.config(yaml) }
        _ = try TinyRun.config(yaml, ["prompts=p.jsonl"])
    }
}
