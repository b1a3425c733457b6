// The tree that an answer is read into.

/// A mathematical expression, or a collection of expressions.
indirect enum MathExpression: Equatable, Sendable {
    /// `isDecimal`: written with a decimal point or an exponent, so that it may be rounded.
    case number(Rational, isDecimal: Bool)
    /// A letter with its subscript (`x`, `x_1`), a Greek letter, or a name such as `\mathbb{Z}`.
    case symbol(String)
    case pi
    /// Euler's number.
    case e
    /// The imaginary unit.
    case imaginary
    case infinity
    case sum([MathExpression])
    case product([MathExpression])
    case quotient(MathExpression, MathExpression)
    case power(MathExpression, MathExpression)
    /// The root with a whole index of 2 or more: real for a negative radicand under an odd index.
    case root(Int, MathExpression)
    case function(MathFunction, [MathExpression])
    /// `a ± b`, or `a ∓ b`, which goes with it.
    case plusMinus(MathExpression, MathExpression, isFlipped: Bool)
    case percent(MathExpression)
    case quantity(MathExpression, unit: String)
    /// Digits with a base as subscript: what they say in base ten, and what they stand for (nil if a digit is too big).
    case based(Rational, value: Rational?, base: Int)
    case ratio([MathExpression])
    /// Items in brackets: a tuple, a vector, an interval.
    case bracketed(open: Character, [MathExpression], close: Character)
    case set([MathExpression])
    /// Items that stand side by side without brackets.
    case list([MathExpression])
    case matrix([[MathExpression]])
    /// `parts[0] relations[0] parts[1] ...`
    case relation([MathExpression], [MathRelation])
    case setOperation(MathSetOperation, MathExpression, MathExpression)
    case reals
    /// Words, in lower case with single spaces.
    case text(String)

    static func integer(_ value: Int) -> MathExpression { .number(Rational(value), isDecimal: false) }
    var negated: MathExpression { .product([.integer(-1), self]) }
}

/// Functions that have a value.
enum MathFunction: String, CaseIterable, Sendable {
    case sin, cos, tan, cot, sec, csc, arcsin, arccos, arctan, sinh, cosh, tanh
    case exp, ln
    /// To base ten; `logBase` has the base as its first argument.
    case log, logBase
    case abs, floor, ceil, factorial, binomial, gcd, lcm, max, min
}

enum MathRelation: Equatable, Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, element

    /// The same said from the other side.
    var flipped: MathRelation {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: self
        }
    }
}

enum MathSetOperation: Equatable, Sendable {
    case union, intersection, difference
}

extension MathExpression {
    /// The parts of an expression, in order.
    var children: [MathExpression] {
        switch self {
        case .number, .symbol, .pi, .e, .imaginary, .infinity, .based, .reals, .text: []
        case .sum(let items), .product(let items), .function(_, let items), .ratio(let items),
            .bracketed(_, let items, _), .set(let items), .list(let items), .relation(let items, _):
            items
        case .quotient(let a, let b), .power(let a, let b), .plusMinus(let a, let b, _), .setOperation(_, let a, let b):
            [a, b]
        case .root(_, let a), .percent(let a), .quantity(let a, _): [a]
        case .matrix(let rows): rows.flatMap { $0 }
        }
    }

    func contains(where predicate: (MathExpression) -> Bool) -> Bool {
        predicate(self) || children.contains { $0.contains(where: predicate) }
    }

    /// Whether a number in it was written as a decimal.
    var hasDecimal: Bool {
        contains {
            if case .number(_, isDecimal: true) = $0 { return true }
            return false
        }
    }

    /// The names of its symbols.
    var symbols: Set<String> {
        if case .symbol(let name) = self { return [name] }
        return children.reduce(into: []) { $0.formUnion($1.symbols) }
    }
}

extension MathExpression {
    /// A relation other than equality.
    var isInequality: Bool {
        guard case .relation(_, let relations) = self else { return false }
        return !relations.contains(.equal)
    }

    /// The same expression with every part replaced.
    func mapChildren(_ change: (MathExpression) -> MathExpression) -> MathExpression {
        switch self {
        case .number, .symbol, .pi, .e, .imaginary, .infinity, .based, .reals, .text: self
        case .sum(let items): .sum(items.map(change))
        case .product(let items): .product(items.map(change))
        case .quotient(let a, let b): .quotient(change(a), change(b))
        case .power(let a, let b): .power(change(a), change(b))
        case .root(let index, let a): .root(index, change(a))
        case .function(let function, let items): .function(function, items.map(change))
        case .plusMinus(let a, let b, let isFlipped): .plusMinus(change(a), change(b), isFlipped: isFlipped)
        case .percent(let a): .percent(change(a))
        case .quantity(let a, let unit): .quantity(change(a), unit: unit)
        case .ratio(let items): .ratio(items.map(change))
        case .bracketed(let open, let items, let close): .bracketed(open: open, items.map(change), close: close)
        case .set(let items): .set(items.map(change))
        case .list(let items): .list(items.map(change))
        case .matrix(let rows): .matrix(rows.map { $0.map(change) })
        case .relation(let items, let relations): .relation(items.map(change), relations)
        case .setOperation(let operation, let a, let b): .setOperation(operation, change(a), change(b))
        }
    }

    /// The two expressions that `±` stands for (all upper signs, all lower signs), or the expression itself.
    var signAlternatives: [MathExpression] {
        let isSigned = contains {
            if case .plusMinus = $0 { return true }
            return false
        }
        return isSigned ? [choosing(upper: true), choosing(upper: false)] : [self]
    }

    private func choosing(upper: Bool) -> MathExpression {
        guard case .plusMinus(let before, let after, let isFlipped) = self else {
            return mapChildren { $0.choosing(upper: upper) }
        }
        let (left, right) = (before.choosing(upper: upper), after.choosing(upper: upper))
        return .sum([left, upper != isFlipped ? right : right.negated])
    }

    /// Whether it is `∞` (1) or `-∞` (-1).
    var infinitySign: Int? {
        switch self {
        case .infinity: 1
        case .product(let factors) where factors.count == 2 && factors[0] == .integer(-1) && factors[1] == .infinity: -1
        case .sum(let terms) where terms.count == 1: terms[0].infinitySign
        default: nil
        }
    }
}
