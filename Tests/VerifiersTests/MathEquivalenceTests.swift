// The table of answers written for this project, and laws that hold for any two answers.

import Testing
import Trajectories
import Verifiers

@Suite struct MathEquivalenceTests {
    private func rows() throws -> [(group: String, gold: String, answer: String, isEqual: Bool)] {
        try Fixture.read("answers.json").object.sorted { $0.key < $1.key }.flatMap { group, rows in
            (rows.array ?? []).compactMap { row in
                guard let cells = row.array, let gold = cells[0].string, let answer = cells[1].string else {
                    return nil
                }
                return (group, gold, answer, cells[2].integer == 1)
            }
        }
    }

    @Test func `every pair of the table is judged as it was written down`() throws {
        let rows = try rows()
        #expect(rows.count >= 400)
        for row in rows {
            let outcome = MathEquivalence.compare(gold: row.gold, answer: row.answer).outcome
            #expect((outcome == .equal) == row.isEqual, "\(row.group): \(row.gold) and \(row.answer): \(outcome)")
        }
    }

    @Test func `every readable answer equals itself in another dress`() throws {
        for row in try rows() where MathEquivalence.isReadable(row.gold) {
            for answer in [row.gold, "  \(row.gold) ", "$\(row.gold)$", "\\left. \(row.gold)"] {
                #expect(MathEquivalence.compare(gold: row.gold, answer: answer).outcome == .equal, "\(answer)")
            }
        }
    }

    @Test func `random rational expressions are equal exactly if their values are`() throws {
        for trial in 0..<2_000 {
            var random = RandomSource(seed: 31, purpose: .testing, step: trial)
            let tree = RationalTree.random(depth: 3, &random)
            let other = RationalTree.random(depth: 1, &random)
            guard let value = tree.value, let otherValue = other.value else { continue }
            let reduced = "\\frac{\(value.top)}{\(value.bottom)}"
            #expect(MathEquivalence.compare(gold: reduced, answer: tree.latex).outcome == .equal, "\(tree.latex)")
            #expect(MathEquivalence.compare(gold: tree.latex, answer: reduced).outcome == .equal, "\(tree.latex)")
            let outcome = MathEquivalence.compare(gold: tree.latex, answer: other.latex).outcome
            #expect((outcome == .equal) == (value == otherValue), "\(tree.latex) and \(other.latex)")
        }
    }

    @Test("the tolerance is relative to the gold answer and only for decimals")
    func tolerance() {
        func outcome(_ gold: String, _ answer: String, _ tolerance: Double) -> MathEquivalence.Outcome {
            MathEquivalence.compare(gold: gold, answer: answer, tolerance: tolerance).outcome
        }
        #expect(outcome("100", "101.0", 0.01) == .equal)
        #expect(outcome("100", "101.1", 0.01) == .different)
        #expect(outcome("100", "101", 0.01) == .different)
        #expect(outcome("0", "0.0001", 0.1) == .different)
        #expect(outcome("1/3", "0.333", 0.002) == .equal)
        #expect(outcome("\\sqrt{2}", "1.414", 0.001) == .equal)
        #expect(outcome("0.5", "0.5", 0) == .equal)
    }
}

/// Fractions of small whole numbers with four operations, valued in machine integers: the oracle.
private indirect enum RationalTree {
    case number(Int)
    case operation(Character, RationalTree, RationalTree)

    struct Value: Equatable {
        var top, bottom: Int

        init?(_ top: Int, _ bottom: Int) {
            guard bottom != 0 else { return nil }
            var (a, b) = (abs(top), abs(bottom))
            while b != 0 { (a, b) = (b, a % b) }
            let sign = bottom < 0 ? -1 : 1
            (self.top, self.bottom) = (sign * top / max(a, 1), abs(bottom) / max(a, 1))
        }
    }

    static func random(depth: Int, _ random: inout RandomSource) -> RationalTree {
        guard depth > 0, random.integer(below: 5) > 0 else { return .number(random.integer(below: 25) - 8) }
        let operation: Character = ["+", "-", "*", "/"][random.integer(below: 4)]
        return .operation(operation, .random(depth: depth - 1, &random), .random(depth: depth - 1, &random))
    }

    var value: Value? {
        switch self {
        case .number(let number): return Value(number, 1)
        case .operation(let sign, let first, let second):
            guard let a = first.value, let b = second.value else { return nil }
            switch sign {
            case "+": return Value(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom)
            case "-": return Value(a.top * b.bottom - b.top * a.bottom, a.bottom * b.bottom)
            case "*": return Value(a.top * b.top, a.bottom * b.bottom)
            default: return Value(a.top * b.bottom, a.bottom * b.top)
            }
        }
    }

    var latex: String {
        switch self {
        case .number(let number): return "\(number)"
        case .operation("/", let a, let b): return "\\frac{\(a.latex)}{\(b.latex)}"
        case .operation("*", let a, let b): return "(\(a.latex)) \\cdot (\(b.latex))"
        case .operation(let sign, let a, let b): return "\(a.latex) \(sign) (\(b.latex))"
        }
    }
}
