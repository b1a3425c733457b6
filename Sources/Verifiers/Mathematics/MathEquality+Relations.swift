// Equations and inequalities: what they name, and when two of them say the same.

extension MathEquality {
    /// An equation that names a value (`x = 3`) stands for it; other equations are equal if the differences of their
    /// sides are proportional, inequalities if they are so with a positive factor.
    func relationHolds(_ gold: MathExpression, _ answer: MathExpression) throws -> Bool {
        switch (Self.named(gold), Self.named(answer)) {
        case (let left?, let right?):
            if left.name == right.name || left.name == nil || right.name == nil {
                return try holds(left.value, right.value)
            }
        case (let left?, nil) where !Self.isRelation(answer): return try holds(left.value, answer)
        case (nil, let right?) where !Self.isRelation(gold): return try holds(gold, right.value)
        default: break
        }
        guard case .relation(let left, let relations) = gold, case .relation(let right, let others) = answer,
            left.count == 2, right.count == 2
        else { return false }
        let (relation, other) = (relations[0], others[0])
        if relation == .equal, other == .equal {
            return try isProportional(Self.difference(left), Self.difference(right), isPositive: false)
        }
        if relation == other {
            return try isProportional(Self.difference(left), Self.difference(right), isPositive: true)
        }
        if relation == other.flipped {
            return try isProportional(Self.difference(left), Self.difference(right.reversed()), isPositive: true)
        }
        return false
    }

    private static func isRelation(_ expression: MathExpression) -> Bool {
        if case .relation = expression { return true }
        return false
    }

    private static func difference(_ sides: [MathExpression]) -> MathExpression { .sum([sides[0], sides[1].negated]) }

    /// The name and the value of `x = 3`, `3 = x`, `f(x) = ... = 3`, `x ∈ S`, `Area = 3`; without a name where no side
    /// has a letter (`1/2 = 0.5`).
    private static func named(_ expression: MathExpression) -> (name: String?, value: MathExpression)? {
        guard case .relation(let parts, let relations) = expression, let first = parts.first, let last = parts.last
        else {
            return nil
        }
        if relations == [.element] { return name(first).map { ($0, last) } }
        guard relations.allSatisfy({ $0 == .equal }) else { return nil }
        if let name = name(first) { return (name, last) }
        if parts.count == 2, let name = name(last) { return (name, first) }
        return expression.symbols.isEmpty ? (nil, last) : nil
    }

    /// A letter, a letter applied to letters or numbers, words, or a tuple of letters.
    private static func name(_ expression: MathExpression) -> String? {
        switch expression {
        case .symbol(let name): return name
        case .e: return "e"
        case .text(let words): return words
        case .product(let factors):
            guard factors.count == 2, case .symbol(let name) = factors[0],
                ["f", "g", "h", "p", "P", "F", "y", "T"]
                    .contains(name)
            else { return nil }
            switch factors[1] {
            case .symbol, .number, .bracketed: return name
            default: return nil
            }
        case .bracketed(open: "(", let items, close: ")"):
            let names = items.map(name)
            return names.contains(nil) ? nil : names.compactMap { $0 }.joined(separator: ",")
        default: return nil
        }
    }

    /// Whether the first is the second times a constant other than zero, at every seeded point with values.
    private func isProportional(
        _ first: MathExpression, _ second: MathExpression, isPositive: Bool
    ) throws -> Bool {
        let names = first.symbols.union(second.symbols).sorted()
        var factor: ComplexNumber?
        var compared = 0
        for point in 0..<6 {
            guard let (a, b) = try values(first, second, names: names, point: point) else { continue }
            let (isFirstZero, isSecondZero) = (a.value.magnitude <= 4 * a.error, b.value.magnitude <= 4 * b.error)
            if isFirstZero, isSecondZero { continue }
            guard !isFirstZero, !isSecondZero else { return false }
            let ratio = a.value / b.value
            if let factor, (ratio - factor).magnitude > 1e-8 * factor.magnitude { return false }
            guard !isPositive || ratio.real > 0 else { return false }
            factor = factor ?? ratio
            compared += 1
        }
        return compared >= 3
    }
}
