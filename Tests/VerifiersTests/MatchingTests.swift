// Exact answers, choices, patterns of problems, formats and lengths.

import ConfigCoding
import Testing
import Trajectories
import Verifiers

@Suite struct MatchingTests {
    private func verdict(_ yaml: String, _ fields: [String: JSONValue], _ text: String) throws -> Verdict {
        let section = try ConfigSection.parse(yaml, name: "t.yaml")
        let verifier = try VerifierCatalogue.verifier(from: section)
        try section.finish()
        return verifier.verdict(on: text, for: Problem(id: "p", prompt: "?", fields: fields))
    }

    @Test(
        "choices",
        arguments: [
            (#"so \boxed{C}"#, "correct"), (#"\boxed{\text{(C)}}"#, "correct"), (#"\boxed{C) 12}"#, "correct"),
            ("The answer is (C).", "correct"), ("Answer: C", "correct"), ("Because of that:\nC", "correct"),
            ("**(C)**", "correct"), ("The answer is B, not C", "wrong_answer"), (#"\boxed{Cat}"#, "no_answer"),
            ("A cat sat.", "no_answer"), ("The answer is Clear", "no_answer"), ("", "no_answer"),
            ("<think>\nC\n</think>\nB", "wrong_answer"), ("c", "no_answer"), ("Answer: F", "no_answer"),
        ])
    func choices(_ text: String, _ reason: String) throws {
        let verdict = try verdict("verifier: multiple_choice", ["answer": .string("C")], text)
        #expect(verdict.reason == reason && verdict.isCorrect == (reason == "correct"))
    }

    @Test(
        "exact answers",
        arguments: [
            ("", "Paris", "correct"), ("", " Paris\n", "correct"), ("", "paris", "wrong_answer"),
            ("", "It is\nParis", "wrong_answer"), ("ignore_case: true", "PARIS", "correct"),
            ("part: last_line", "It is\nParis\n\n", "correct"), ("part: boxed", #"It is \boxed{Paris}"#, "correct"),
            ("part: boxed", "Paris", "no_answer"), ("", "<think>hm</think>Paris", "correct"),
        ])
    func exact(_ options: String, _ text: String, _ reason: String) throws {
        #expect(try verdict("verifier: exact\n\(options)", ["answer": .string("Paris")], text).reason == reason)
        let either = JSONValue.array([.string("Rome"), .string("Paris")])
        #expect(try verdict("verifier: exact\n\(options)", ["answer": either], text).reason == reason)
    }

    @Test func `patterns come from the configuration or the problem`() throws {
        #expect(try verdict("verifier: pattern\npattern: '^\\d+$'", [:], "123").isCorrect)
        #expect(try !verdict("verifier: pattern\npattern: '^\\d+$'", [:], "123a").isCorrect)
        let fields = ["pattern": JSONValue.string("b+")]
        #expect(try verdict("verifier: pattern", fields, "abbc").isCorrect)
        #expect(try verdict("verifier: pattern\nwhole: true", fields, "abbc").reason == "no_match")
        #expect(try verdict("verifier: pattern", ["pattern": .string("(")], "x").reason == "malformed_problem")
        let error = try #require(throws: ConfigError.self) { try verdict("verifier: pattern\npattern: '('", [:], "x") }
        #expect(
            error.description == "pattern cannot be used: the pattern has a ( without ) at character 2 (t.yaml:2)")
    }

    @Test(
        "the reasoning format",
        arguments: [
            ("<think>a</think>b", true, false), (" <think>a</think>\nb", true, false), ("a</think>b", false, true),
            ("<think>a</think>", false, false), ("<think></think>b", false, false), ("b", false, false),
            ("<think>a</think>b</think>c", false, false), ("<think>a<think>b</think>c", false, false),
            ("x<think>a</think>b", false, false), ("<think>a</think>b<think>", false, false), ("", false, false),
        ])
    func think(_ text: String, _ isRight: Bool, _ isRightWhenOpened: Bool) throws {
        #expect(try verdict("verifier: think_format", [:], text).isCorrect == isRight)
        #expect(try verdict("verifier: think_format\nopened: true", [:], text).isCorrect == isRightWhenOpened)
    }

    @Test func `the length penalty falls linearly between its bounds`() throws {
        let yaml = "verifier: length\nfree: 4\nmaximum: 12"
        for (length, reward) in [(0, 0.0), (4, 0), (6, -0.25), (8, -0.5), (12, -1), (100, -1)] {
            #expect(try verdict(yaml, [:], String(repeating: "ä", count: length)).reward == reward)
        }
        #expect(try verdict("verifier: length\nunit: words\nmaximum: 4", [:], "one two\nthree").reward == -0.75)
        let error = try #require(throws: ConfigError.self) {
            try verdict("verifier: length\nfree: 9\nmaximum: 9", [:], "")
        }
        #expect(error.description == "free must be less than maximum (9), got 9 (t.yaml:2)")
    }
}
