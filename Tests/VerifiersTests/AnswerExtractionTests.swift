// Which part of a completion counts as its answer.

import Testing
import Trajectories
import Verifiers

@Suite struct AnswerExtractionTests {
    @Test(
        "the first candidate",
        arguments: [
            (#"so \boxed{42}."#, "42"), (#"\boxed{1} no, \boxed{2}"#, "2"), (#"\boxed{\frac{1}{2}}"#, #"\frac{1}{2}"#),
            (#"\boxed{\{1, 2\}}"#, #"\{1, 2\}"#), (#"\boxed {7}"#, "7"), (#"\fbox{7}"#, "7"),
            (#"\boxed{1}, \boxed{2} and \boxed{3}"#, "1, 2, 3"), (#"\boxed{\boxed{3}}"#, "3"),
            (#"\boxed{5} then \boxed{6"#, "5"), ("x = 3\n#### 72", "72"), ("#### 1,234 \nmore", "1,234"),
            ("The answer is 42.", "42"), ("The final answer is: **3/4**", "3/4"), ("Answer: 5\nThanks", "5"),
            ("**Answer:** 12", "12"), ("the answer is $x=3$ as shown", "x=3"), ("The answer is 3.5. It fits.", "3.5"),
            ("ANSWER: B", "B"), ("I get $a$ and then $b+1$", "b+1"), (#"thus \(x^2\) holds"#, "x^2"),
            (#"thus \[ 7 \] holds"#, "7"), ("first 3, then 10 apples", "10"), ("it is -4", "-4"),
            ("about 1,234.5 km", "1,234.5"),
            ("3/4 of them", "3/4"), ("a 12% rise", "12%"), ("<think>\\boxed{1}</think> \\boxed{2}", "2"),
            ("<think>the answer is 1</think>The answer is 2", "2"),
        ])
    func first(_ text: String, _ answer: String) {
        #expect(AnswerExtraction.candidates(in: text).first == answer)
    }

    @Test func `without any answer there is no candidate, and boxed accepts nothing else`() {
        #expect(AnswerExtraction.candidates(in: "").isEmpty)
        #expect(AnswerExtraction.candidates(in: "no idea").isEmpty)
        #expect(AnswerExtraction.candidates(in: "<think>\\boxed{1}</think>").isEmpty)
        #expect(AnswerExtraction.candidates(in: "The answer is 42", place: .boxed).isEmpty)
        #expect(AnswerExtraction.candidates(in: "\\boxed{42}", place: .boxed) == ["42"])
    }

    @Test(
        "verdicts with their reasons",
        arguments: [
            (#"so \boxed{0.5}"#, "correct"), (#"so \boxed{0.6}"#, "wrong_answer"), ("no idea", "no_answer"),
            (#"\boxed{\foo}"#, "unreadable_answer"), ("The answer is one half, that is $1/2$.", "correct"),
            ("The answer is 1/2 because it must be.", "correct"),
            (#"\boxed{"# + String(repeating: "9", count: 1_990) + "}", "too_complex"),
        ])
    func verdicts(_ text: String, _ reason: String) throws {
        let verifier = Mathematics()
        let problem = Problem(id: "p", prompt: "?", fields: ["answer": .string("\\frac{1}{2}")])
        try verifier.check(problem)
        let verdict = verifier.verdict(on: text, for: problem)
        #expect(verdict == Verdict(reward: reason == "correct" ? 1 : 0, isCorrect: reason == "correct", reason: reason))
    }

    @Test func `gold answers may be texts, numbers, solutions and lists of them`() throws {
        let golds: [JSONValue] = [
            .number(72), .string("72"), .string("It takes 70 + 2 hours.\n#### 72"), .string(#"so \boxed{72}"#),
            .array([.string("71"), .number(72)]),
        ]
        for gold in golds {
            let problem = Problem(id: "p", prompt: "?", fields: ["answer": gold])
            try Mathematics().check(problem)
            #expect(Mathematics().verdict(on: "The answer is 72.", for: problem).isCorrect)
            #expect(!Mathematics().verdict(on: "The answer is 73.", for: problem).isCorrect)
        }
        for fields in [[:], ["answer": JSONValue.bool(true)], ["answer": .array([])]] {
            let problem = Problem(id: "p", prompt: "?", fields: fields)
            #expect(throws: VerifierError.self) { try Mathematics().check(problem) }
            #expect(Mathematics().verdict(on: "1", for: problem).reason == "malformed_problem")
        }
    }
}
