// From trees to canonical forms.

extension CanonicalForm {
    /// - Throws: `MathFault.undefined` where there is no value, `.syntax` for what is no single value (a set, words),
    ///   `.tooComplex`.
    static func of(_ expression: MathExpression, _ work: MathWork) throws -> CanonicalForm {
        try work.spend(5)
        switch expression {
        case .number(let value, _): return CanonicalForm(value)
        case .symbol(let name): return try CanonicalForm(.symbol(name), work)
        case .pi: return try CanonicalForm(.pi, work)
        case .e: return try CanonicalForm(.e, work)
        case .imaginary: return try CanonicalForm(.imaginary, work)
        case .sum(let terms):
            return try terms.reduce(CanonicalForm(.zero)) { try $0.plus(of($1, work), work) }
        case .product(let factors):
            return try factors.reduce(CanonicalForm(.one)) { try $0.times(of($1, work), work) }
        case .quotient(let top, let bottom):
            return try of(top, work).times(of(bottom, work).inverse(work), work)
        case .power(let base, let exponent): return try power(base, exponent, work)
        case .root(let index, let radicand):
            return try of(radicand, work).root(Exponent(1, over: index), isReal: true, work)
        case .function(let function, let arguments): return try call(function, arguments, work)
        case .percent(let inner):
            return try of(inner, work).times(CanonicalForm(Rational(1).divided(by: Rational(100), work)), work)
        case .quantity(let inner, unit: "degree"):
            let turn = try CanonicalForm(Rational(1).divided(by: Rational(180), work))
            return try of(inner, work).times(CanonicalForm(.pi, work), work).times(turn, work)
        case .based(let value, _, _): return CanonicalForm(value)
        case .ratio(let parts):
            guard parts.count == 2 else { throw MathFault.syntax }
            return try of(.quotient(parts[0], parts[1]), work)
        case .infinity, .plusMinus, .quantity, .bracketed, .set, .list, .matrix, .relation, .setOperation, .reals,
            .text:
            throw MathFault.syntax
        }
    }

    private static func power(
        _ base: MathExpression, _ exponent: MathExpression, _ work: MathWork
    ) throws -> CanonicalForm {
        let base = try of(base, work)
        let exponent = try of(exponent, work)
        guard let value = exponent.constant else {
            let name = "\(try base.text(work)) to \(try exponent.text(work))"
            return try CanonicalForm(.opaque(name), work, isComplete: false)
        }
        if let whole = value.int { return try base.power(whole, work) }
        guard let top = value.numerator.int, let bottom = value.denominator.int else { throw MathFault.tooComplex }
        // A letter's root is kept as its fractional power; (x^2)^(1/2) is not x.
        if let (monomial, coefficient) = base.top.single, coefficient.isOne, base.bottom == .one,
            monomial.factors.count == 1, monomial.factors[0].exponent == .one,
            case .symbol = monomial.factors[0].generator
        {
            let raised = try Polynomial(.one, monomial.power(Exponent(top, over: bottom)), work)
            return CanonicalForm(top: raised, bottom: .one, isComplete: base.isComplete)
        }
        return try base.root(Exponent(top, over: bottom), isReal: true, work)
    }

    private static func call(
        _ function: MathFunction, _ arguments: [MathExpression], _ work: MathWork
    ) throws -> CanonicalForm {
        let forms = try arguments.map { try of($0, work) }
        let values = forms.compactMap(\.constant)
        if values.count == forms.count, let value = try exact(function, values, work) { return CanonicalForm(value) }
        // e to a rational power is a power of the generator e.
        if function == .exp, let value = values.first, let top = value.numerator.int, let bottom = value.denominator.int
        {
            return try CanonicalForm(.e, work).root(Exponent(top, over: bottom), isReal: true, work)
        }
        let name = "\(function.rawValue) " + (try forms.map { try $0.text(work) }.joined(separator: ", "))
        return try CanonicalForm(.opaque(name), work, isComplete: false)
    }

    /// The value of a function of rational numbers where it is rational and easy to get.
    private static func exact(_ function: MathFunction, _ values: [Rational], _ work: MathWork) throws -> Rational? {
        switch (function, values.count) {
        case (.abs, 1): return values[0].isNegative ? values[0].negated : values[0]
        case (.floor, 1): return Rational(try values[0].floor(work))
        case (.ceil, 1): return Rational(try values[0].negated.floor(work).negated)
        case (.factorial, 1):
            guard let n = values[0].int, n >= 0 else { return nil }
            guard n <= 300 else { throw MathFault.tooComplex }
            return Rational(try product(n > 1 ? Array(2...n) : [], work))
        case (.binomial, 2):
            guard let n = values[0].int, let k = values[1].int, n >= 0, k >= 0 else { return nil }
            if k > n { return .zero }
            let short = min(k, n - k)
            guard short <= 300 else { throw MathFault.tooComplex }
            return try Rational(
                product((0..<short).map { n - $0 }, work), over: product((0..<short).map { $0 + 1 }, work), work)
        case (.gcd, _), (.lcm, _):
            var result = BigInteger.zero
            for value in values {
                guard value.isInteger else { return nil }
                let other = value.numerator.magnitude
                let divisor = try result.greatestCommonDivisor(other, work)
                if function == .gcd || result.isZero {
                    result = divisor
                } else {
                    result = try result.divided(by: divisor, work).quotient.times(other, work)
                }
            }
            return Rational(result)
        case (.max, _), (.min, _):
            return try values.dropFirst().reduce(values[0]) { best, next in
                try next.isLess(than: best, work) == (function == .min) ? next : best
            }
        default: return nil
        }
    }

    private static func product(_ factors: [Int], _ work: MathWork) throws -> BigInteger {
        try factors.reduce(BigInteger.one) { try $0.times(BigInteger($1), work) }
    }
}
