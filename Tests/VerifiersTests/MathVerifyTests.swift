// Agreement with the Math-Verify library on generated pairs, every disagreement named.

import Testing
import Trajectories
import Verifiers

@Suite struct MathVerifyTests {
    /// Where this verifier says something else than the library, by kind of pair, and why.
    private static let disagreements: [(kind: String, why: String, isExpected: @Sendable (Pair) -> Bool)] = [
        (
            "thousands", "the library reads groups that thin spaces separate (1\\,234) as products",
            { $0.answer.contains("\\,") && $0.isTrue }
        ),
        (
            "inequalities", "the library does not take chains with one closed end for half-open intervals",
            { $0.answer.contains("x") && $0.isTrue }
        ),
        (
            "rounded", "six significant digits are within the relative tolerance; the library wants six decimals",
            { $0.answer.count >= 6 && !$0.isTrue }
        ),
        (
            "scientific", "the library computes 5.1 \\times 10^5 in floating point and misses 510000 by a rounding",
            { $0.answer.contains("\\times") && $0.isTrue }
        ),
    ]

    struct Pair {
        var kind, gold, answer: String
        /// By construction.
        var isTrue: Bool
        var library: Bool
    }

    private func pairs() throws -> [Pair] {
        try (Fixture.read("math-verify.json")["pairs"]?.array ?? []).compactMap { row in
            guard let cells = row.array, cells.count == 5, let kind = cells[0].string, let gold = cells[1].string,
                let answer = cells[2].string
            else { return nil }
            return Pair(
                kind: kind, gold: gold, answer: answer, isTrue: cells[3].integer == 1, library: cells[4].integer == 1)
        }
    }

    @Test func `at least 97 percent of more than 2,000 pairs are judged alike, and the rest has a reason`() throws {
        let pairs = try pairs()
        #expect(pairs.count >= 2_000)
        var agreed = 0
        for pair in pairs {
            let isEqual = MathEquivalence.compare(gold: pair.gold, answer: pair.answer).outcome == .equal
            if isEqual == pair.library {
                agreed += 1
                continue
            }
            let reason = Self.disagreements.first { $0.kind == pair.kind && $0.isExpected(pair) }
            #expect(reason != nil, "\(pair.kind): \(pair.gold) and \(pair.answer): here \(isEqual)")
        }
        #expect(Double(agreed) >= 0.97 * Double(pairs.count), "\(agreed) of \(pairs.count)")
    }

    @Test func `what is true by construction is found, but for rounded numbers within the tolerance`() throws {
        for pair in try pairs() where pair.kind != "rounded" {
            let isEqual = MathEquivalence.compare(gold: pair.gold, answer: pair.answer).outcome == .equal
            #expect(isEqual == pair.isTrue, "\(pair.kind): \(pair.gold) and \(pair.answer)")
        }
    }
}
