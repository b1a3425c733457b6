// Published formats: lines of their shapes, written for these tests, and what is refused with which sentence.

import ConfigCoding
import Environments
import Testing
import Trajectories

@Suite struct ProblemMappingTests {
    private func mapping(_ yaml: String) throws -> ProblemMapping {
        let section = try ConfigSection.parse(yaml, name: "data.yaml")
        let result = try ProblemMapping(from: section)
        try section.finish()
        return result
    }

    private func read(_ lines: [String], _ yaml: String) throws -> [Problem] {
        try ProblemFile.parse(Array(lines.joined(separator: "\n").utf8), name: "d.jsonl", mapping: mapping(yaml))
    }

    @Test func `a question with a worked answer behind hashes`() throws {
        let problems = try read(
            [#"{"question": "Ada has 1,000 and 250 pens. How many?", "answer": "1,000+250=1250\n#### 1,250 "}"#],
            "{fields: {prompt: question, answer: answer}, answer_from: hashes}")
        #expect(
            problems == [
                Problem(
                    id: "d.jsonl:1", prompt: "Ada has 1,000 and 250 pens. How many?",
                    fields: ["answer": .string("1,250")])
            ])
    }

    @Test func `a problem with a boxed solution, its level and type`() throws {
        let problems = try read(
            [
                #"{"problem": "p", "solution": "First $\\boxed{3}$, so $\\boxed{\\frac{1}{\\{2\\}}}$.", "level": "Level 5", "type": "t"}"#,
                #"{"problem": "q", "solution": "So $\\boxed 7$.", "level": "Level 1", "type": "t"}"#,
            ], "{fields: {prompt: problem, answer: solution}, answer_from: boxed}")
        #expect(problems.map(\.prompt) == ["p", "q"])
        #expect(problems.map { $0.fields["answer"] } == [.string(#"\frac{1}{\{2\}}"#), .string("7")])
        #expect(problems[0].fields["level"] == .string("Level 5"))
        #expect(problems[0].fields["solution"] != nil && problems[0].fields["problem"] == nil)
    }

    @Test func `several spellings of one file's fields`() throws {
        let problems = try read(
            [#"{"ID": "a", "Problem": "p", "Answer": 25}"#, #"{"problem": "q", "answer": "025", "Answer": null}"#],
            "{fields: {prompt: [problem, Problem], answer: [Answer, answer]}}")
        #expect(problems.map(\.prompt) == ["p", "q"])
        #expect(problems.map { $0.fields["answer"] } == [.number(25), .string("025")])
    }

    @Test func `a conversation as prompt and an answer within an object`() throws {
        let yaml =
            #"{fields: {answer: reward_model.ground_truth}, template: "{prompt}!", chat: true, system: "Be brief."}"#
        let problems = try read(
            [
                #"{"prompt": [{"role": "user", "content": "2+2?"}], "reward_model": {"ground_truth": "4", "style": "rule"}}"#,
                #"{"prompt": "2+3?", "reward_model": {"ground_truth": "5"}}"#,
            ], yaml)
        #expect(try problems[0].messages() == [ChatMessage(role: "user", content: "2+2?")])
        #expect(
            try problems[1].messages() == [
                ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: "2+3?!"),
            ])
        #expect(problems.map { $0.fields["answer"] } == [.string("4"), .string("5")])
        #expect(problems.allSatisfy { $0.prompt.isEmpty && $0.fields["prompt"] == nil })
    }

    @Test func `a template stands around every prompt that is a text`() throws {
        let problems = try read([#"{"prompt": "a {prompt}"}"#], #"template: "<{prompt}|{prompt}>\n""#)
        #expect(problems[0].prompt == "<a {prompt}|a {prompt}>\n")
    }

    @Test func `a missing field names line, path, what is there and what was perhaps meant`() throws {
        func sentence(_ lines: [String], _ yaml: String) throws -> String {
            try #require(throws: EnvironmentError.self) { try read(lines, yaml) }.description
        }
        let good = #"{"question": "a", "answer": "so\n#### 1"}"#
        #expect(
            try sentence([good, #"{"qestion": "a", "answer": "x"}"#], "fields: {prompt: question}")
                == "the line has no \"question\", from which fields.prompt is read; it has \"answer\", \"qestion\"; did you mean "
                + "\"qestion\"? (d.jsonl:2)")
        #expect(
            try sentence(
                [#"{"prompt": "a", "meta": {"gold": {"truht": 1}}}"#], "fields: {answer: [meta.gold.truth, b]}")
                == "the line has no \"meta.gold.truth\" or \"b\", from which fields.answer is read; meta.gold has \"truht\"; "
                + "did you mean \"truht\"? (d.jsonl:1)")
        #expect(
            try sentence(
                [good, #"{"question": "a", "answer": "12"}"#], "{fields: {prompt: question}, answer_from: hashes}")
                == "the answer has no \"####\" with something behind it, which answer_from: hashes looks for (d.jsonl:2)"
        )
        #expect(
            try sentence([#"{"prompt": "a", "answer": 12}"#], "answer_from: boxed")
                == "answer_from: boxed needs a text as \"answer\"; say with fields.answer which field holds it (d.jsonl:1)"
        )
    }

    @Test func `a section that cannot be meant is refused`() throws {
        let refusals: [(String, String)] = [
            (
                "{fields: {prompt: question}, answer_form: hashes}",
                "answer_form is not a key here; did you mean answer_from? (data.yaml:1)"
            ),
            (
                "fields: {prompt: []}",
                "fields.prompt must name a field of the file's lines, or a list of them (data.yaml:1)"
            ),
            ("template: x", "template must contain {prompt}, where the problem's prompt stands (data.yaml:1)"),
            (
                "system: x", "system needs chat: true; a prompt that is a text has no system message (data.yaml:1)"
            ),
        ]
        for (yaml, sentence) in refusals {
            #expect(try #require(throws: ConfigError.self) { try mapping(yaml) }.description == sentence)
        }
    }
}
