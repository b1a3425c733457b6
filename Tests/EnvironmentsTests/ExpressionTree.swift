// An independent model of Countdown arithmetic for the tests: binary trees, valued and normalised the slow way.

import Trajectories

/// A binary expression tree.
indirect enum ExpressionTree {
    case number(Int)
    case node(Character, ExpressionTree, ExpressionTree)

    var value: Int {
        switch self {
        case .number(let value): value
        case .node("+", let left, let right): left.value + right.value
        case .node("-", let left, let right): left.value - right.value
        case .node(_, let left, let right): left.value * right.value
        }
    }

    var numbers: [Int] {
        switch self {
        case .number(let value): [value]
        case .node(_, let left, let right): left.numbers + right.numbers
        }
    }

    /// Every inner node in parentheses, or only those that need them; spaces at random.
    func text(parentheses all: Bool, _ random: inout RandomSource) -> String {
        let space = random.integer(below: 8) == 0 ? " " : ""
        switch self {
        case .number(let value):
            return "\(space)\(value)\(space)"
        case .node(let sign, let left, let right):
            let a = left.wrapped(all || sign == "*" && left.isSum, all, &random)
            let b = right.wrapped(
                all || sign == "*" && right.isSum || sign == "-" && right.isSum, all, &random)
            return "\(a)\(space)\(sign)\(b)"
        }
    }

    private func wrapped(_ needed: Bool, _ all: Bool, _ random: inout RandomSource) -> String {
        let inner = text(parentheses: all, &random)
        return needed ? "(\(inner))" : inner
    }

    private var isSum: Bool {
        if case .node(let sign, _, _) = self { return sign != "*" }
        return false
    }

    /// A text that is equal for two trees exactly if they differ by commutativity, associativity or equal numbers
    /// alone.
    var normalForm: String {
        switch self {
        case .number(let value):
            return String(value)
        case .node("*", _, _):
            return "[" + factors.map(\.normalForm).sorted().joined(separator: "*") + "]"
        case .node:
            return "{"
                + terms(isNegative: false).map { ($0.isNegative ? "-" : "+") + $0.tree.normalForm }.sorted()
                .joined() + "}"
        }
    }

    private var factors: [ExpressionTree] {
        if case .node("*", let left, let right) = self { return left.factors + right.factors }
        return [self]
    }

    private func terms(isNegative: Bool) -> [(isNegative: Bool, tree: ExpressionTree)] {
        switch self {
        case .node("+", let left, let right):
            return left.terms(isNegative: isNegative) + right.terms(isNegative: isNegative)
        case .node("-", let left, let right):
            return left.terms(isNegative: isNegative) + right.terms(isNegative: !isNegative)
        default:
            return [(isNegative, self)]
        }
    }

    /// Every tree over the numbers in every order.
    static func all(over numbers: [Int]) -> [ExpressionTree] {
        if numbers.count == 1 { return [.number(numbers[0])] }
        var trees: [ExpressionTree] = []
        for mask in 1..<(1 << numbers.count) - 1 {
            let left = numbers.indices.filter { mask >> $0 & 1 == 1 }.map { numbers[$0] }
            let right = numbers.indices.filter { mask >> $0 & 1 == 0 }.map { numbers[$0] }
            for a in all(over: left) {
                for b in all(over: right) {
                    for sign in "+-*" { trees.append(.node(sign, a, b)) }
                }
            }
        }
        return trees
    }

    static func random(over numbers: [Int], _ random: inout RandomSource) -> ExpressionTree {
        if numbers.count == 1 { return .number(numbers[0]) }
        let cut = 1 + random.integer(below: numbers.count - 1)
        let left = Self.random(over: Array(numbers[..<cut]), &random)
        let right = Self.random(over: Array(numbers[cut...]), &random)
        return .node(Array("+-*")[random.integer(below: 3)], left, right)
    }
}

/// A Countdown problem as a file would hold it.
func countdownProblem(_ numbers: [Int], target: Int) -> Problem {
    Problem(
        id: "test", prompt: numbers.map(String.init).joined(separator: " ") + "=\(target)\n",
        fields: ["numbers": .array(numbers.map { .number(Double($0)) }), "target": .number(Double(target))])
}
