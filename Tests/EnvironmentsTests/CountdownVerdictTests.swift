// The Countdown verifier against an independent oracle, and against text that is meant to break it.

import Environments
import Testing
import Trajectories

@Suite struct CountdownVerdictTests {
    let countdown: Countdown

    init() throws { countdown = try Countdown(options: .init(), seed: 1) }

    @Test("5,000 random expressions are judged as their trees are valued")
    func oracle() {
        for trial in 0..<5_000 {
            var random = RandomSource(seed: 21, purpose: .testing, step: trial)
            let count = 1 + random.integer(below: 7)
            let numbers = (0..<count).map { _ in 1 + random.integer(below: 12) }
            let tree = ExpressionTree.random(over: numbers, &random)
            let text = tree.text(parentheses: random.integer(below: 2) == 0, &random)
            let given = tree.numbers.shuffled(using: &random)

            let right = countdown.verdict(on: text, for: countdownProblem(given, target: tree.value))
            #expect(right == Verdict(reward: 1, isCorrect: true, reason: "correct"), "\(text)")

            let off = random.integer(below: 2) == 0 ? 1 : -1
            let wrong = countdown.verdict(on: text, for: countdownProblem(given, target: tree.value + off))
            #expect(wrong == Verdict(reward: 0, isCorrect: false, reason: "wrong_value"), "\(text)")

            var others = given
            others[random.integer(below: count)] += 1 + random.integer(below: 3)
            let stranger = countdown.verdict(on: text, for: countdownProblem(others, target: tree.value))
            #expect(stranger.reason == "wrong_numbers", "\(text)")
            let extra = countdown.verdict(on: text, for: countdownProblem(given + [1], target: tree.value))
            #expect(extra.reason == "wrong_numbers", "\(text)")
        }
    }

    @Test(
        "each reason",
        arguments: [
            ("3*(4+5)-6", "correct"), ("3*5+4*6", "wrong_value"), ("3*4+5", "wrong_numbers"),
            ("3*(4+5)-6*1", "wrong_numbers"), ("33*4+5-6", "wrong_numbers"), ("3*(4+5)-7", "wrong_numbers"),
            ("99999999999999999999999999", "wrong_numbers"), ("0", "wrong_numbers"),
            (" 3 * ( 4 + 5 ) - 6 ", "correct"), ("((3))*((4+5))-(6)", "correct"), ("4*3+3*5-6", "wrong_numbers"),
            ("", "format"), (" ", "format"), ("3*(4+5)-6\n", "format"), ("3*(4+5)-6=21", "format"),
            ("3*(4+5)-6 ok", "format"), ("3*(4+5", "format"), ("3*4+5)-6", "format"), ("-6+3*(4+5)", "format"),
            ("3*(4+5)+-6", "format"), ("3*(+4+5)-6", "format"), ("3(4+5)-6", "format"), ("3 4", "format"),
            ("03*(4+5)-6", "format"), ("3*(4+5)/6", "format"), ("3**4", "format"), ("()", "format"), ("+", "format"),
            ("3*(4+5)\u{2212}6", "format"), ("3\u{D7}(4+5)-6", "format"), ("\u{FF13}*(4+5)-6", "format"),
            ("3*(4+5)-6\0", "format"), ("\0", "format"), ("3*(4+5)-6\t", "format"), ("3.0*(4+5)-6", "format"),
            ("3e0*(4+5)-6", "format"), ("0x3*(4+5)-6", "format"), ("١", "format"),
        ])
    func reasons(_ text: String, _ reason: String) {
        let verdict = countdown.verdict(on: text, for: countdownProblem([3, 4, 5, 6], target: 21))
        #expect(verdict.reason == reason)
        #expect(verdict.isCorrect == (reason == "correct"))
        #expect(verdict.reward == (reason == "correct" ? 1 : 0))
    }

    @Test("parentheses up to the bound are read, beyond it refused, and 10,000 or a million deep do not crash")
    func depth() {
        let problem = countdownProblem([3], target: 3)
        for (depth, reason) in [
            (1, "correct"), (64, "correct"), (65, "format"), (10_000, "format"), (1_000_000, "format"),
        ] {
            let text = String(repeating: "(", count: depth) + "3" + String(repeating: ")", count: depth)
            #expect(countdown.verdict(on: text, for: problem).reason == reason, "\(depth)")
            #expect(countdown.verdict(on: String(repeating: "(", count: depth), for: problem).reason == "format")
        }
        let long = "1" + String(repeating: "+1", count: 1_000_000)
        #expect(countdown.verdict(on: long, for: problem).reason == "format")
    }

    @Test("values beyond Int are wrong, not fatal")
    func overflow() {
        let big = 9_007_199_254_740_992
        let problem = countdownProblem([big, big, big], target: 1)
        #expect(countdown.verdict(on: "\(big)*\(big)*\(big)", for: problem).reason == "wrong_value")
        #expect(countdown.verdict(on: "\(big)-\(big)*\(big)", for: problem).reason == "wrong_value")
        #expect(countdown.verdict(on: "\(Int.max)+1", for: countdownProblem([1], target: 1)).reason == "wrong_numbers")
        #expect(countdown.verdict(on: "9223372036854775808", for: problem).reason == "wrong_numbers")
    }

    @Test("20,000 random texts over the alphabet are judged, and reward 1 only goes to correct ones")
    func fuzz() {
        let letters = Array("0123456789+-*()= \n\0x÷")
        for trial in 0..<20_000 {
            var random = RandomSource(seed: 22, purpose: .testing, step: trial)
            let text = String(
                (0..<random.integer(below: 16)).map { _ in letters[random.integer(below: letters.count)] })
            let verdict = countdown.verdict(on: text, for: countdownProblem([2, 3], target: 5))
            #expect(["correct", "format", "wrong_numbers", "wrong_value"].contains(verdict.reason))
            #expect((verdict.reward == 1) == (verdict.reason == "correct"))
            if verdict.isCorrect {
                let bare = text.filter { !" ()".contains($0) }
                #expect(bare == "2+3" || bare == "3+2", "\(text)")
            }
        }
    }

    @Test("problems without numbers or target are refused by name, and judged as malformed")
    func check() throws {
        let target = ("target", JSONValue.number(5))
        let numbersSentence =
            "a countdown problem needs \"numbers\", an array of 1 to 16 positive whole numbers (data.jsonl:3)"
        let cases: [(fields: [(String, JSONValue)], sentence: String)] = [
            ([target], numbersSentence),
            ([target, ("numbers", .string("2 3"))], numbersSentence),
            ([target, ("numbers", .array([]))], numbersSentence),
            ([target, ("numbers", .array([.number(2), .string("3")]))], numbersSentence),
            ([target, ("numbers", .array([.number(2), .number(0.5)]))], numbersSentence),
            ([target, ("numbers", .array([.number(2), .number(0)]))], numbersSentence),
            ([target, ("numbers", .array([.number(1e300)]))], numbersSentence),
            ([target, ("numbers", .array(Array(repeating: .number(1), count: 17)))], numbersSentence),
            (
                [("numbers", .array([.number(2)]))],
                "a countdown problem needs \"target\", a whole number (data.jsonl:3)"
            ),
            (
                [("numbers", .array([.number(2)])), ("target", .number(2.5))],
                "a countdown problem needs \"target\", a whole number (data.jsonl:3)"
            ),
        ]
        for (fields, sentence) in cases {
            let fields = Dictionary(uniqueKeysWithValues: fields)
            let problem = Problem(id: "data.jsonl:3", prompt: "2 3=5\n", fields: fields)
            let error = try #require(throws: EnvironmentError.self) { try countdown.check(problem) }
            #expect(error.description == sentence)
            #expect(error.code == .badProblem)
            #expect(countdown.verdict(on: "2+3", for: problem).reason == "malformed_problem")
        }
        try countdown.check(countdownProblem([2, 3], target: -5))
    }
}
