// Texts that are meant to break the mathematics verifier, or to keep it busy.

import Testing
import Trajectories
import Verifiers

@Suite struct MathFuzzTests {
    private static let pieces =
        #"""
        0 1 2 7 12 1,234 0.5 1e9 1e300 x y z n \pi e i \infty + - * / ^ _ ( ) [ ] { } \{ \} | , ; : ! % = < > \le \ne \in
        \cup \cap \setminus \mathbb{R} \frac{1}{2} \frac \sqrt \sqrt{2} \sqrt[3]{5} \pm \mp \sin \log_2 \ln \binom{30}{7}
        ^{20} ^{99} ^{1/7} \text{cm} \text{ cm \begin{pmatrix} \end{pmatrix} & \\ \left( \right) and or ^\circ \$
        \overline{3} é ∪ ½ (x+y+z)^{9} (a+b+c+d)^{12} 99999999999999999999 \lfloor \rfloor 1/(x+1) +1/(y+2) \max(1,2) '
        𝒳 \ $ # ~ " @ ? . \boxed{ \boxed{3} answer_is #### </think>
        """#.split(whereSeparator: \.isWhitespace).map(String.init)

    private func text(_ random: inout RandomSource) -> String {
        let longest = random.integer(below: 8) == 0 ? 120 : 14
        return (0...random.integer(below: longest)).map { _ in
            Self.pieces[random.integer(below: Self.pieces.count)] + (random.integer(below: 3) == 0 ? " " : "")
        }.joined()
    }

    @Test func `100,000 random pairs neither crash nor exceed the step budget`() {
        var outcomes: [MathEquivalence.Outcome: Int] = [:]
        for trial in 0..<100_000 {
            var random = RandomSource(seed: 32, purpose: .testing, step: trial)
            let gold = text(&random)
            let answer = random.integer(below: 4) == 0 ? gold + text(&random) : text(&random)
            let result = MathEquivalence.compare(gold: gold, answer: answer)
            outcomes[result.outcome, default: 0] += 1
            if result.steps > MathEquivalence.budget { Issue.record("\(result.steps) steps: \(gold) and \(answer)") }
        }
        #expect(outcomes.count == MathEquivalence.Outcome.allCases.count, "\(outcomes)")
    }

    @Test func `the same pair costs the same steps each time`() {
        for trial in 0..<20_000 {
            var random = RandomSource(seed: 36, purpose: .testing, step: trial)
            // Sums of many terms with roots and letters: where the order of terms could make a difference.
            let atoms = [
                "x", "y", "z", "\\sqrt{2}", "\\sqrt{3}", "\\pi", "i", "3", "\\frac{2}{7}", "0.3", "(x+y)",
                "(1+\\sqrt{5})",
            ]
            let gold = (0...random.integer(below: 8)).map { _ in
                atoms[random.integer(below: atoms.count)] + atoms[random.integer(below: atoms.count)]
                    + "^{\(1 + random.integer(below: 9))}"
            }.joined(separator: random.integer(below: 3) == 0 ? "" : "+")
            let first = MathEquivalence.compare(gold: gold, answer: gold + "+1")
            #expect(first == MathEquivalence.compare(gold: gold, answer: gold + "+1"), "\(gold)")
        }
    }

    @Test func `random completions are judged, and judged alike twice`() {
        let problem = Problem(id: "p", prompt: "?", fields: ["answer": .string("\\frac{1}{2}")])
        for trial in 0..<5_000 {
            var random = RandomSource(seed: 33, purpose: .testing, step: trial)
            let completion = text(&random) + text(&random)
            let verdict = Mathematics().verdict(on: completion, for: problem)
            #expect(verdict == Mathematics().verdict(on: completion, for: problem))
            #expect((verdict.reward == 1) == verdict.isCorrect)
        }
    }

    @Test(
        "expressions that grow when they are worked out end within the budget",
        arguments: [
            (String(repeating: "(", count: 2_000), "("), (String(repeating: "{", count: 900), "{"),
            (String(repeating: "-", count: 1_999) + "1", "1"), ("3" + String(repeating: "!", count: 900), "3"),
            ("1" + String(repeating: "/2", count: 450), "1"), (String(repeating: "2^", count: 39) + "2", "1"),
            ("(a+b+c+d+f)^{40}", "(a+b+c+d+f)^{40}+1"), ("9^{9^{9^{9}}}", "1"), ("2^{99999999}", "1"),
            ("1/(a+b)+1/(b+c)+1/(c+d)+1/(d+f)+1/(f+g)+1/(g+h)", "1"), ("(300!)!", "1"), ("\\binom{300}{150}", "1"),
            ("\\{" + String(repeating: "\\sqrt{2},", count: 150) + "1\\}", "\\{\\sqrt{3}\\}"),
            (String(repeating: "\\text{1", count: 250), "1"), (String(repeating: "9", count: 1_000_000), "8"),
            ("(\\sqrt{2}+\\sqrt{3}+\\sqrt{5}+\\sqrt{7}+\\sqrt{11})^{60}", "1"),
            ("\\sqrt{" + String(repeating: "9", count: 77) + "}", "\\sqrt{3}"), ("1e1000", "1e-1000"),
        ])
    func growth(_ gold: String, _ answer: String) {
        for (left, right) in [(gold, answer), (answer, gold), (gold, gold + "+0"), (gold + "1", gold + "2")] {
            let result = MathEquivalence.compare(gold: left, answer: right)
            #expect(result.steps <= MathEquivalence.budget)
            #expect(left == right + "+0" || right == left + "+0" || result.outcome != .equal)
        }
    }

    /// The smallest machine integer has no negative. Beside numbers that are 0 or infinite in every probe a factor is not
    /// seen, so these are compared with 1 alone.
    @Test(arguments: [
        "2^{-9223372036854775808}", "x^{-9223372036854775808}", "(x+1)^{-9223372036854775808}",
        "x^{-9223372036854775808/7}", "3^{-9223372036854775808/7}", "\\gcd(-9223372036854775808,6)+\\pi",
        "e^{-9223372036854775808}", "\\exp(-9223372036854775808)",
    ])
    func `the smallest machine integer as exponent ends within the budget`(expression: String) {
        for (left, right) in [(expression, "1"), ("1", expression), (expression, expression + "+0")] {
            let result = MathEquivalence.compare(gold: left, answer: right)
            #expect(result.steps <= MathEquivalence.budget)
            #expect(right == expression + "+0" || result.outcome != .equal)
        }
    }
}
