// Whether two answers mean the same: the rules for collections, equations, units and words.

/// Compares trees. `==` of trees means equal writing; this means equal meaning.
struct MathEquality {
    /// Relative to the gold answer, where one of both has a decimal.
    let tolerance: Double
    let work: MathWork

    /// - Throws: `MathFault.tooComplex` at the end of the budget; any other fault means no value to compare.
    func holds(_ gold: MathExpression, _ answer: MathExpression) throws -> Bool {
        try work.spend(10)
        if gold == answer { return true }
        let (golds, answers) = (gold.alternatives, answer.alternatives)
        if golds.count > 1 || answers.count > 1 {
            guard let left = golds.count > 1 ? golds : gold.items,
                let right = answers.count > 1 ? answers : answer.items
            else { return false }
            return try isSameSet(left, right)
        }
        if gold.isReal || answer.isReal {
            guard let left = try realSet(gold), let right = try realSet(answer) else { return false }
            return try isSame(left, right)
        }
        if gold.isRelation || answer.isRelation { return try relationHolds(gold, answer) }
        if gold.items != nil || answer.items != nil || gold.isTuple || answer.isTuple {
            return try collectionHolds(gold, answer)
        }
        return try valueHolds(gold, answer)
    }

    /// Sets and lists have no order, tuples have one; a list may stand for either.
    private func collectionHolds(_ gold: MathExpression, _ answer: MathExpression) throws -> Bool {
        switch (gold, answer) {
        case (.set(let left), .set(let right)), (.set(let left), .list(let right)), (.list(let left), .set(let right)),
            (.list(let left), .list(let right)):
            return try isSameSet(left, right)
        case (.matrix(let left), .matrix(let right)):
            return try left.map(\.count) == right.map(\.count)
                && isSameSequence(left.flatMap { $0 }, right.flatMap { $0 })
        case (.bracketed(let open, let left, let close), .bracketed(let otherOpen, let right, let otherClose)):
            // Two items may be an interval, whose brackets say which ends belong to it.
            guard left.count != 2 || (open == otherOpen && close == otherClose) else { return false }
            return try isSameSequence(left, right)
        case (.bracketed(_, let left, _), .list(let right)), (.list(let left), .bracketed(_, let right, _)):
            return try isSameSequence(left, right)
        case (.bracketed(open: "(", let items, close: ")"), .matrix(let rows)),
            (.matrix(let rows), .bracketed(open: "(", let items, close: ")")):
            guard rows.count == 1 || rows.allSatisfy({ $0.count == 1 }) else { return false }
            return try isSameSequence(items, rows.flatMap { $0 })
        case (.set(let items), let single), (let single, .set(let items)):
            guard items.count == 1, !single.isTuple else { return false }
            return try holds(items[0], single)
        default: return false
        }
    }

    func isSameSequence(_ left: [MathExpression], _ right: [MathExpression]) throws -> Bool {
        guard left.count == right.count else { return false }
        for (a, b) in zip(left, right) {
            guard try holds(a, b) else { return false }
        }
        return true
    }

    /// Each item of one has an equal in the other, and the other way round.
    private func isSameSet(_ left: [MathExpression], _ right: [MathExpression]) throws -> Bool {
        var isMatched = [Bool](repeating: false, count: right.count)
        for a in left {
            var isFound = false
            for (index, b) in right.enumerated() where try holds(a, b) {
                isFound = true
                isMatched[index] = true
            }
            guard isFound else { return false }
        }
        return isMatched.allSatisfy { $0 }
    }

    /// Words, quantities, percentages, numbers in a base, ratios; else plain values.
    private func valueHolds(_ gold: MathExpression, _ answer: MathExpression) throws -> Bool {
        switch (gold, answer) {
        case (.text(let left), .text(let right)): return left == right
        case (.text(let words), .symbol(let name)), (.symbol(let name), .text(let words)):
            return words.filter { !"()".contains($0) } == name.lowercased()
        case (.text, _), (_, .text): return false
        case (.quantity(let left, let unit), .quantity(let right, let other)):
            guard let first = try MathUnit(unit, work), let second = try MathUnit(other, work) else {
                return try holds(left, right)
            }
            guard first.dimension == second.dimension else { return false }
            let factor = try second.factor.divided(by: first.factor, work)
            return try factor.isOne
                ? holds(left, right) : scalarHolds(left, .product([.number(factor, isDecimal: false), right]))
        case (.quantity(let value, _), let other): return try holds(value, other)
        case (let other, .quantity(let value, _)): return try holds(other, value)
        case (.percent(let left), .percent(let right)): return try scalarHolds(left, right)
        case (.percent(let value), let other): return try scalarHolds(value, other) || scalarHolds(gold, other)
        case (let other, .percent(let value)): return try scalarHolds(other, value) || scalarHolds(other, answer)
        case (.based(let left, let value, let base), .based(let right, let other, let otherBase)):
            return base == otherBase ? left == right : value != nil && value == other
        case (.based(let digits, let value, _), let other), (let other, .based(let digits, let value, _)):
            return try scalarHolds(.number(digits, isDecimal: false), other)
                || value.map { try scalarHolds(.number($0, isDecimal: false), other) } ?? false
        case (.ratio(let left), .ratio(let right)): return try isSameRatio(left, right)
        default: return try scalarHolds(gold, answer)
        }
    }

    /// Parts in proportion: a/b = c/d for every pair of neighbours.
    private func isSameRatio(_ left: [MathExpression], _ right: [MathExpression]) throws -> Bool {
        guard left.count == right.count else { return false }
        for index in 1..<left.count {
            guard
                try scalarHolds(
                    .product([left[index - 1], right[index]]), .product([left[index], right[index - 1]]))
            else { return false }
        }
        return true
    }
}

extension MathExpression {
    /// What an answer with `±` stands for: two answers for each item that has one.
    fileprivate var alternatives: [MathExpression] {
        switch self {
        case .list(let items), .set(let items):
            let all = items.flatMap(\.signAlternatives)
            return all.count == items.count ? [self] : all
        default: return signAlternatives
        }
    }

    /// The items of a set or list.
    fileprivate var items: [MathExpression]? {
        switch self {
        case .set(let items), .list(let items): items
        default: nil
        }
    }

    fileprivate var isTuple: Bool {
        switch self {
        case .bracketed, .matrix: true
        default: false
        }
    }

    fileprivate var isRelation: Bool {
        if case .relation = self { return true }
        return false
    }
}
