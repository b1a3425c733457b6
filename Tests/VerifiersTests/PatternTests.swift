// The linear-time matcher against Foundation's regular expressions and against a derivative of every pattern.

import Foundation
import Testing
import Trajectories
import Verifiers

@Suite struct PatternTests {
    @Test func `random patterns match as Foundation says`() throws {
        let atoms = ["a", "b", "c", ".", "[ab]", "[^a]", "(a|b)", "(?:ab|c)", "\\d", "1", "(a*b)", "[a-c1]"]
        let counts = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"]
        for trial in 0..<3_000 {
            var random = RandomSource(seed: 41, purpose: .testing, step: trial)
            var text = random.integer(below: 4) == 0 ? "^" : ""
            for _ in 0...random.integer(below: 4) {
                text += atoms[random.integer(below: atoms.count)] + counts[random.integer(below: counts.count)]
            }
            if random.integer(below: 4) == 0 { text += "|" + atoms[random.integer(below: atoms.count)] }
            if random.integer(below: 4) == 0 { text += "$" }
            let pattern = try Pattern(text)
            let oracle = try NSRegularExpression(pattern: text)
            for _ in 0..<5 {
                let subject = String((0..<random.integer(below: 7)).map { _ in "abc1"[random.integer(below: 4)] })
                let range = NSRange(subject.startIndex..., in: subject)
                let isFound = oracle.firstMatch(in: subject, range: range) != nil
                #expect(pattern.matches(subject) == isFound, "\(text) on \(subject)")
                let whole = try NSRegularExpression(pattern: "\\A(?:\(text))\\z")
                let isWhole = whole.firstMatch(in: subject, range: range) != nil
                #expect(pattern.matches(subject, whole: true) == isWhole, "\(text) on all of \(subject)")
            }
        }
    }

    @Test func `patterns that make backtracking explode are matched`() throws {
        let text = String(repeating: "a", count: 20_000) + "!"
        for pattern in ["(a+)+$", "^(a|a)*$", "(a*)*b", "(a?){50}a{50}b", "(.*)(.*)(.*)(.*)(.*)x"] {
            #expect(try !Pattern(pattern).matches(text))
        }
    }

    @Test(
        "what is not supported is refused with a sentence",
        arguments: [
            ("(a", "the pattern has a ( without ) at character 3 ((a)"),
            ("a)", "the pattern has a ) without ( at character 2 (a))"),
            ("(?=a)", "the pattern uses (?, of which only (?: is supported at character 3 ((?=a))"),
            ("(a)\\1", "the pattern uses \\1, which is not supported at character 6 ((a)\\1)"),
            ("*a", "the pattern repeats nothing at character 2 (*a)"),
            ("a**", "the pattern repeats a repetition at character 3 (a**)"),
            ("[a", "the pattern has a [ without ] at character 3 ([a)"),
            ("[z-a]", "the pattern has a range that is none at character 5 ([z-a])"),
            ("a{2,1}", "the pattern has a count that is none at character 7 (a{2,1})"),
            ("a{99999}", "the pattern needs more than 2000 states; lower its counts"),
            ("((a{40}){40}){40}", "the pattern needs more than 2000 states; lower its counts"),
        ])
    func refusals(_ pattern: String, _ sentence: String) throws {
        let error = try #require(throws: VerifierError.self) { try Pattern(pattern) }
        #expect(error.description == sentence)
    }
}

extension String {
    fileprivate subscript(position: Int) -> Character { self[index(startIndex, offsetBy: position)] }
}
