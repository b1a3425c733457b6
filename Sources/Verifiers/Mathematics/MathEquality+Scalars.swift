// Whether two single values are equal: exactly where the canonical form decides, else by probing.

import Trajectories

extension MathEquality {
    /// Points of probing with symbols: four of reals of both signs, two of small whole numbers.
    private static let points = 6
    /// Two doubles computed in different ways from equal values differ by less, relative to their size.
    private static let relativeRounding = 1e-10
    /// A value whose own rounding error may exceed this share of it says nothing, and its point is left out.
    private static let largestError = 1e-8

    /// Exact for values without decimals that the canonical form decides; with decimals within the tolerance; else
    /// equal in double precision at every seeded point where both have a value, and at two such points at least.
    func scalarHolds(_ gold: MathExpression, _ answer: MathExpression) throws -> Bool {
        if let sign = gold.infinitySign { return sign == answer.infinitySign }
        if answer.infinitySign != nil { return false }
        let isRounded = gold.hasDecimal || answer.hasDecimal
        if let left = try form(gold), let right = try form(answer) {
            if let a = left.constant, let b = right.constant {
                if a == b { return true }
                guard isRounded else { return false }
                guard !a.isZero else { return false }
                return try a.minus(b, work).divided(by: a, work).double.magnitude <= tolerance * (1 + 1e-9)
            }
            if try left.isEqual(to: right, work) { return true }
            if left.isComplete, right.isComplete, !isRounded { return false }
        }
        return try agreesNumerically(gold, answer, tolerance: isRounded ? tolerance : Self.relativeRounding)
    }

    /// Nil where the form grows beyond its bounds, so that only probing is left.
    private func form(_ expression: MathExpression) throws -> CanonicalForm? {
        do {
            return try CanonicalForm.of(expression, work)
        } catch MathFault.tooComplex {
            try work.spend(1)
            return nil
        }
    }

    private func agreesNumerically(
        _ gold: MathExpression, _ answer: MathExpression, tolerance: Double
    ) throws -> Bool {
        let names = gold.symbols.union(answer.symbols).sorted()
        var compared = 0
        for point in 0..<(names.isEmpty ? 1 : Self.points) {
            guard let (a, b) = try values(gold, answer, names: names, point: point) else { continue }
            let size = max(a.value.magnitude, b.value.magnitude)
            let error = 4 * (a.error + b.error)
            guard error <= Self.largestError * max(1, size) else { continue }
            guard (a.value - b.value).magnitude <= tolerance * size + error else { return false }
            compared += 1
        }
        return compared >= (names.isEmpty ? 1 : 2)
    }

    /// Both values at a point; nil if one of them has none there.
    func values(
        _ first: MathExpression, _ second: MathExpression, names: [String], point: Int
    ) throws -> (Approximation, Approximation)? {
        let probe = NumericProbe(values: Self.assignment(names, point: point), work: work)
        do {
            return (try probe.value(of: first), try probe.value(of: second))
        } catch MathFault.undefined {
            return nil
        }
    }

    /// Values for the letters, the same for every comparison.
    private static func assignment(_ names: [String], point: Int) -> [String: ComplexNumber] {
        var values: [String: ComplexNumber] = [:]
        for (index, name) in names.enumerated() {
            var random = RandomSource(seed: 0x6D61_7468, purpose: .probing, step: point, prompt: index)
            let size = 0.4 + 2 * random.uniform()
            let isNegative = point > 0 && random.integer(below: 2) == 0
            values[name] = ComplexNumber(
                point >= 4 ? Double(2 + random.integer(below: 9)) : isNegative ? -size : size)
        }
        return values
    }
}
