// Spoiled problem files, and spoiled completions of the problems that survive.

import Environments
import Foundation
import Testing
import Trajectories
import Verifiers

@Suite struct ProblemFuzzTests {
    static let lines = [
        #"{"prompt": "3 4 5=27\n", "numbers": [3, 4, 5], "target": 27, "completion": "3*(4+5)"}"#,
        #"{"prompt": "What is 1/2?", "answer": "\\frac{1}{2}", "choices": ["A", "B"]}"#,
        #"{"prompt": "a", "schema": {"type": "object", "required": ["a"], "properties": {"a": {"minimum": 1}}}}"#,
        #"{"prompt": "b", "pattern": "^(a|b)*c{2,3}$", "tests": [{"input": "1", "output": "2"}], "deep": [[[{}]]]}"#,
    ]
    static let words = [
        "\"prompt\"", "\"completion\"", "\"answer\"", "\"numbers\"", "\"target\"", "{}", "[]", "\r\n", "\\frac{1}{2}",
        "\\boxed{", "</think>", "```json\n", "Answer: ",
    ]

    @Test func `a spoiled problem file is read or refused, and its problems can be judged`() throws {
        let corpus = (1...4).map { Self.lines.prefix($0).joined(separator: "\n") + "\n" } + Self.lines
        let verifiers: [any Verifier] = [
            try Countdown(options: .init(), seed: 1), try Parity(promptLength: 8, seed: 1), Mathematics(), ExactMatch(),
            MultipleChoice(), ThinkFormat(), LengthPenalty(free: 3, maximum: 9),
        ]
        let mutation = Mutation(corpus, words: Self.words)
        Fuzzing.run(
            "problems", mutation, cases: 3_000, own: [EnvironmentError.self]
        ) { bytes in
            for problem in try ProblemFile.parse(bytes, name: "p.jsonl") {
                for verifier in verifiers {
                    do { try verifier.check(problem) } catch is EnvironmentError {} catch is VerifierError {}
                    let verdict = verifier.verdict(on: String(decoding: bytes.suffix(60), as: UTF8.self), for: problem)
                    try Broken.unless(verdict.reward.isFinite, "the reward of \(verifier) is finite")
                }
            }
        }
    }

    @Test func `a spoiled problem file is read or refused under a mapping, and every problem has one side`() throws {
        let corpus =
            Self.lines + [
                ##"{"question": "a?", "answer": "so\n#### 1,250", "meta": {"gold": {"level": "Level 5"}}}"##,
                #"{"problem": "b?", "solution": "$\\boxed{\\frac{1}{2}}$", "meta": {"gold": {"level": 3}}}"#,
                #"{"prompt": [{"role": "user", "content": "c?"}], "reward_model": {"ground_truth": "\\boxed 4"}}"#,
            ]
        let mappings = AnswerForm.allCases.map { form in
            ProblemMapping(
                fields: [
                    .init("prompt", from: ["question", "problem", "prompt"]),
                    .init("answer", from: ["answer", "solution", "reward_model.ground_truth", "meta.gold.level"]),
                ], answerForm: form, template: "{prompt}\n", isChat: form == .whole, system: "s")
        }
        let split = ProblemSplit(share: 0.5)
        Fuzzing.run(
            "mapping", Mutation(corpus, words: Self.words + ["####", "\\\\boxed", "\"reward_model\""]), cases: 2_000,
            own: [EnvironmentError.self]
        ) { bytes in
            for mapping in mappings {
                do {
                    let all = try ProblemFile.parse(bytes, name: "p.jsonl", mapping: mapping)
                    let sides = try ProblemFile.parse(bytes, name: "p.jsonl", mapping: mapping, split: split)
                    try Broken.unless(sides.train.count + sides.heldout.count == all.count, "no problem is lost")
                } catch let error as EnvironmentError {
                    // few lines have every form of answer, and few files something on both sides
                    if mapping.answerForm == .whole, error.code != .emptyDataset { throw error }
                }
            }
        }
    }

    @Test func `a spoiled JSON value is refused, or survives encoding`() throws {
        let corpus = Self.lines + [#"[1, -2.5e-3, true, null, "é\u00e9\ud83e\uddea", {"a": {"b": [[]]}}]"#]
        Fuzzing.run(
            "json", Mutation(corpus, words: Self.words), cases: 3_000,
            own: [DecodingError.self]
        ) { bytes in
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
            _ = (value.integer, value.string, value.array)
            let again = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
            try Broken.unless(again == value, "\(value) survives")
        }
    }
}
