// Problem files: what is read, and the exact sentence and line for what is not.

import Environments
import Foundation
import Testing
import Trajectories

@Suite struct ProblemFileTests {
    @Test("prompts, completions and fields are read; blank lines, CRLF and a byte order mark do no harm")
    func reading() throws {
        let text =
            "\u{FEFF}"
            + #"{"prompt": "2 3=5\n", "numbers": [2, 3], "target": 5, "completion": "2+3"}"# + "\r\n  \n\n"
            + #"{"prompt": "é\u0000", "deep": {"a": [null, true]}}"#
        let problems = try ProblemFile.parse(Array(text.utf8), name: "data.jsonl")
        #expect(
            problems == [
                Problem(
                    id: "data.jsonl:1", prompt: "2 3=5\n",
                    fields: [
                        "numbers": .array([.number(2), .number(3)]), "target": .number(5), "completion": .string("2+3"),
                    ]),
                Problem(
                    id: "data.jsonl:4", prompt: "é\u{0}",
                    fields: ["deep": .object(["a": .array([.null, .bool(true)])])]
                ),
            ])
        let countdown = try Countdown(options: .init(), seed: 1)
        try countdown.check(problems[0])
        #expect(countdown.verdict(on: "2+3", for: problems[0]).isCorrect)
        #expect(throws: EnvironmentError.self) { try countdown.check(problems[1]) }
    }

    @Test func `messages are a conversation, and leave the prompt to the chat template`() throws {
        let text =
            #"{"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "2+2?", "name": "Zoë"}],"#
            + #" "answer": 4, "chat_template_kwargs": {"enable_thinking": false}}"# + "\n" + #"{"prompt": "a"}"#
        let problems = try ProblemFile.parse(Array(text.utf8), name: "d.jsonl")
        #expect(problems[0].prompt.isEmpty && problems[0].id == "d.jsonl:1")
        #expect(problems[0].fields["answer"] == .number(4))
        #expect(
            try problems[0].messages() == [
                ChatMessage(role: "system", content: ""),
                ChatMessage(role: "user", content: "2+2?", details: ["name": "Zoë"]),
            ])
        #expect(try problems[0].templateVariables() == ["enable_thinking": .bool(false)])
        #expect(try problems[1].messages() == nil && problems[1].templateVariables().isEmpty)
    }

    static let example = #"{"prompt": "..."}"#
    static let good = Array("{\"prompt\": \"a\"}\n".utf8)

    static let refusals: [(String, [UInt8], EnvironmentError.Code, String)] = [
        (
            "cut short", good + Array("{\"prompt\": \"a\"".utf8), .malformedLine,
            "the line is not a JSON object; each line must be like \(example) (d.jsonl:2)"
        ),
        (
            "an array", good + good + Array("[1]".utf8), .malformedLine,
            "the line is not a JSON object; each line must be like \(example) (d.jsonl:3)"
        ),
        (
            "plain text", Array("hello\n".utf8) + good, .malformedLine,
            "the line is not a JSON object; each line must be like \(example) (d.jsonl:1)"
        ),
        (
            "two objects", Array("{\"prompt\": \"a\"} {\"prompt\": \"b\"}".utf8), .malformedLine,
            "the line is not a JSON object; each line must be like \(example) (d.jsonl:1)"
        ),
        (
            "NUL bytes", good + [0, 0, 0] + good, .malformedLine,
            "the line is not a JSON object; each line must be like \(example) (d.jsonl:2)"
        ),
        (
            "nested without end", Array((#"{"prompt": "a", "x": "# + String(repeating: "[", count: 100_000)).utf8),
            .malformedLine, "the line is not a JSON object; each line must be like \(example) (d.jsonl:1)"
        ),
        (
            "no prompt", good + Array(#"{"question": "a"}"#.utf8), .malformedLine,
            "the line has no \"prompt\"; each line must be like \(example) (d.jsonl:2)"
        ),
        (
            "a number as prompt", Array(#"{"prompt": 3}"#.utf8), .malformedLine, "\"prompt\" must be a text (d.jsonl:1)"
        ),
        (
            "an empty prompt", Array(#"{"prompt": ""}"#.utf8), .malformedLine,
            "\"prompt\" is empty; there is nothing to continue (d.jsonl:1)"
        ),
        (
            "a list as completion", Array(#"{"prompt": "a", "completion": []}"#.utf8), .malformedLine,
            "\"completion\" must be a text (d.jsonl:1)"
        ),
        (
            "messages and a prompt",
            good + Array(#"{"prompt": "a", "messages": [{"role": "user", "content": "hi"}]}"#.utf8), .malformedLine,
            "the line has both \"prompt\" and \"messages\" (d.jsonl:2)"
        ),
        (
            "no messages", good + Array(#"{"messages": []}"#.utf8), .malformedLine,
            "\"messages\" must be a list of at least one {\"role\": \"...\", \"content\": \"...\"} (d.jsonl:2)"
        ),
        (
            "a message without content",
            Array(#"{"messages": [{"role": "user", "content": "a"}, {"role": "user"}]}"#.utf8), .malformedLine,
            "message 2 must be like {\"role\": \"user\", \"content\": \"...\"} (d.jsonl:1)"
        ),
        (
            "content in parts", Array(#"{"messages": [{"role": "user", "content": [{"type": "text"}]}]}"#.utf8),
            .unsupported, "the content of message 1 is no text; only texts are supported (d.jsonl:1)"
        ),
        (
            "calls of tools",
            Array(#"{"messages": [{"role": "assistant", "content": "", "tool_calls": []}]}"#.utf8), .unsupported,
            "message 1 has \"tool_calls\", which is not supported; beside role and content it may have the texts name and "
                + "reasoning_content (d.jsonl:1)"
        ),
        (
            "variables in a list",
            Array(#"{"messages": [{"role": "user", "content": "a"}], "chat_template_kwargs": [1]}"#.utf8),
            .malformedLine, "\"chat_template_kwargs\" must be an object of names and values (d.jsonl:1)"
        ),
        (
            "invalid UTF-8", good + Array("{\"prompt\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8), .malformedLine,
            "the line is not UTF-8 text (d.jsonl:2)"
        ),
        (
            "an over-long line", good + [UInt8](repeating: 0x20, count: ProblemFile.maximumLineBytes + 1),
            .malformedLine, "the line is longer than 1048576 bytes; is every object on its own line? (d.jsonl:2)"
        ),
        (
            "nothing", [], .emptyDataset,
            "the problem file holds no problems; each line must be like \(example) (d.jsonl)"
        ),
        (
            "blank lines only", Array("\n \r\n\t\n".utf8), .emptyDataset,
            "the problem file holds no problems; each line must be like \(example) (d.jsonl)"
        ),
    ]

    @Test("every malformed file gets its exact sentence and line", arguments: refusals.indices)
    func refused(_ index: Int) throws {
        let (kind, bytes, code, sentence) = Self.refusals[index]
        let error = try #require(throws: EnvironmentError.self, "\(kind)") {
            try ProblemFile.parse(bytes, name: "d.jsonl")
        }
        #expect(error.description == sentence, "\(kind)")
        #expect(error.code == code)
    }

    @Test("a file reads as its bytes do, across the pieces it is read in; missing files and folders are named")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("problems-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("many.jsonl")
        let text = (0..<5_000).map { "{\"prompt\": \"number \($0) é\", \"n\": \($0)}" }.joined(separator: "\n")
        try Data(text.utf8).write(to: file)
        let problems = try ProblemFile.load(file.path)
        #expect(problems.count == 5_000)
        #expect(try problems == ProblemFile.parse(Array(text.utf8), name: "many.jsonl"))
        #expect(problems[4_999].id == "many.jsonl:5000" && problems[4_999].fields["n"]?.integer == 4_999)

        let missing = try #require(throws: EnvironmentError.self) { try ProblemFile.load("no/such.jsonl") }
        #expect(
            missing.description == "the problem file could not be read: No such file or directory (no/such.jsonl)")
        let directory = try #require(throws: EnvironmentError.self) { try ProblemFile.load(folder.path) }
        #expect(directory.description == "the problem file could not be read: Is a directory (\(folder.path))")
        let endless = try #require(throws: EnvironmentError.self) { try ProblemFile.load("/dev/zero") }
        #expect(
            endless.description == "the line is longer than 1048576 bytes; is every object on its own line? (zero:1)")
    }

    @Test("5,000 damaged lines are read or refused with an EnvironmentError")
    func fuzz() {
        let line = Array(#"{"prompt": "2 3=5\n", "numbers": [2, 3.5e1, -0], "t": true, "u": "\u00e9\\"}"#.utf8)
        for trial in 0..<5_000 {
            var random = RandomSource(seed: 51, purpose: .testing, step: trial)
            var bytes = line
            for _ in 0...random.integer(below: 3) {
                bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
            }
            do {
                #expect(try !ProblemFile.parse(bytes, name: "d").isEmpty)
            } catch is EnvironmentError {
            } catch {
                Issue.record("\(bytes) threw \(error)")
            }
        }
    }
}
