// Sets of reals as they are written: intervals, unions, inequalities, the line without points.

extension MathExpression {
    /// Whether it can only be meant as a set of reals.
    var isReal: Bool {
        switch self {
        case .reals, .setOperation: true
        case .relation(let parts, let relations):
            relations == [.element] ? parts[1].isReal : isInequality && symbols.count == 1
        default: false
        }
    }
}

extension MathEquality {
    func isSame(_ left: RealSet, _ right: RealSet) throws -> Bool {
        guard left.intervals.count == right.intervals.count else { return false }
        for (a, b) in zip(left.intervals, right.intervals) {
            guard a.includesLow == b.includesLow, a.includesHigh == b.includesHigh,
                try scalarHolds(a.low.expression, b.low.expression),
                try scalarHolds(a.high.expression, b.high.expression)
            else { return false }
        }
        return true
    }

    /// Nil for what is no set of reals.
    func realSet(_ expression: MathExpression) throws -> RealSet? {
        try work.spend(10)
        switch expression {
        case .reals: return .all
        case .set(let items), .list(let items):
            let ends = try items.map(end)
            return ends.contains { $0 == nil } ? nil : RealSet(points: ends.compactMap { $0 })
        case .bracketed(let open, let items, let close):
            guard items.count == 2, let low = try end(items[0]), let high = try end(items[1]) else { return nil }
            return RealSet([
                .init(low: low, high: high, includesLow: open == "[", includesHigh: close == "]")
            ])
        case .setOperation(let operation, let first, let second):
            guard let left = try realSet(first), let right = try realSet(second) else { return nil }
            try work.spend(20 * (1 + left.intervals.count) * (1 + right.intervals.count))
            switch operation {
            case .union: return left.union(right)
            case .intersection: return left.intersection(right)
            case .difference: return left.intersection(right.complement)
            }
        case .relation(let parts, let relations): return try solutions(parts, relations)
        default: return nil
        }
    }

    private func end(_ expression: MathExpression) throws -> RealSet.End? {
        if let sign = expression.infinitySign {
            return RealSet.End(value: sign > 0 ? .infinity : -.infinity, expression: expression)
        }
        let probe = NumericProbe(values: [:], work: work)
        guard expression.symbols.isEmpty, let value = try probe.value(of: expression).value.realValue else {
            return nil
        }
        return RealSet.End(value: value, expression: expression)
    }

    /// The reals for which a chain such as `1 < x <= 2` or `x != 3` holds: one part is the letter alone.
    private func solutions(_ parts: [MathExpression], _ relations: [MathRelation]) throws -> RealSet? {
        if relations == [.element] { return try realSet(parts[1]) }
        var result = RealSet.all
        for (index, relation) in relations.enumerated() {
            let isLeft: Bool
            if case .symbol = parts[index] {
                isLeft = true
            } else if case .symbol = parts[index + 1] {
                isLeft = false
            } else {
                return nil
            }
            guard let bound = try end(parts[isLeft ? index + 1 : index]), bound.value.isFinite,
                let line = RealSet.all.intervals.first
            else { return nil }
            let side: RealSet
            switch isLeft ? relation : relation.flipped {
            case .less, .lessOrEqual:
                let isClosed = relation == .lessOrEqual || relation == .greaterOrEqual
                side = RealSet([.init(low: line.low, high: bound, includesLow: false, includesHigh: isClosed)])
            case .greater, .greaterOrEqual:
                let isClosed = relation == .lessOrEqual || relation == .greaterOrEqual
                side = RealSet([.init(low: bound, high: line.high, includesLow: isClosed, includesHigh: false)])
            case .notEqual: side = RealSet(points: [bound]).complement
            case .equal: side = RealSet(points: [bound])
            case .element: return nil
            }
            result = result.intersection(side)
        }
        return result
    }
}
