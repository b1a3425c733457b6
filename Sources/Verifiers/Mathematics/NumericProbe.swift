// The value of an expression in double precision at a point, with a bound on its rounding error.

/// A value that is known up to an error, to first order.
struct Approximation {
    var value: ComplexNumber
    var error: Double

    /// The relative error of one operation.
    private static let rounding = 4 * Double.ulpOfOne

    init(_ value: ComplexNumber, error: Double = 0) {
        self.value = value
        self.error = error + Self.rounding * value.magnitude
    }

    static func + (a: Self, b: Self) -> Self { Self(a.value + b.value, error: a.error + b.error) }

    static func * (a: Self, b: Self) -> Self {
        Self(a.value * b.value, error: a.value.magnitude * b.error + b.value.magnitude * a.error)
    }

    static func / (a: Self, b: Self) -> Self {
        let quotient = a.value / b.value
        return Self(quotient, error: (a.error + quotient.magnitude * b.error) / b.value.magnitude)
    }

    /// |x^y| (|y| dx / |x| + |ln x| dy)
    func power(_ exponent: Self) -> Self {
        let result = value.power(exponent.value)
        guard value.magnitude > 0 else { return Self(result, error: error) }
        let relative = exponent.value.magnitude * error / value.magnitude
        return Self(result, error: result.magnitude * (relative + value.logarithm().magnitude * exponent.error))
    }

    /// Real for a negative number under an odd index, else the principal root.
    func root(_ index: Int) -> Self {
        let result: ComplexNumber
        if index == 2 {
            result = value.squareRoot()
        } else if index % 2 == 1, value.imaginary == 0, value.real < 0 {
            let positive = ComplexNumber(-value.real).power(ComplexNumber(1 / Double(index)))
            result = ComplexNumber(0) - positive
        } else {
            result = value.power(ComplexNumber(1 / Double(index)))
        }
        guard value.magnitude > 0 else { return Self(result, error: error) }
        return Self(result, error: result.magnitude * error / (Double(index) * value.magnitude))
    }

    /// A smooth function, whose slope is taken from a second value nearby.
    func mapped(_ function: (ComplexNumber) -> ComplexNumber) -> Self {
        let step = max(error, 1e-7 * max(1, value.magnitude))
        let result = function(value)
        let slope = (function(value + ComplexNumber(step)) - result).magnitude / step
        return Self(result, error: slope.isFinite ? 2 * slope * error : .infinity)
    }
}

/// Evaluates at one assignment of the symbols.
struct NumericProbe {
    let values: [String: ComplexNumber]
    let work: MathWork

    /// - Throws: `MathFault.undefined` for a value that is not finite, `.syntax` for what is no single value.
    func value(of expression: MathExpression) throws -> Approximation {
        try work.spend(5)
        let result = try compute(expression)
        guard result.value.isFinite, result.error.isFinite else { throw MathFault.undefined }
        return result
    }

    private func compute(_ expression: MathExpression) throws -> Approximation {
        switch expression {
        case .number(let value, _): return exact(value.double)
        case .symbol(let name):
            guard let value = values[name] else { throw MathFault.syntax }
            return Approximation(value)
        case .pi: return exact(Double.pi)
        case .e: return exact(2.718281828459045)
        case .imaginary: return Approximation(.i)
        case .sum(let terms): return try terms.reduce(Approximation(ComplexNumber(0))) { try $0 + value(of: $1) }
        case .product(let factors): return try factors.reduce(Approximation(.one)) { try $0 * value(of: $1) }
        case .quotient(let top, let bottom):
            let below = try value(of: bottom)
            guard below.value.magnitude > 0 else { throw MathFault.undefined }
            return try value(of: top) / below
        case .power(let base, let exponent):
            if case .quotient(let top, let bottom) = exponent, case .number(let index, _) = bottom,
                let index = index.int, 2...1_000 ~= index
            {
                return try value(of: base).root(index).power(value(of: top))
            }
            return try value(of: base).power(value(of: exponent))
        case .root(let index, let radicand): return try value(of: radicand).root(index)
        case .function(let function, let arguments): return try call(function, arguments.map(value))
        case .percent(let inner): return try value(of: inner) * exact(0.01)
        case .quantity(let inner, unit: "degree"): return try value(of: inner) * exact(Double.pi / 180)
        case .based(let digits, _, _): return exact(digits.double)
        case .ratio(let parts):
            guard parts.count == 2 else { throw MathFault.syntax }
            return try compute(.quotient(parts[0], parts[1]))
        case .infinity, .plusMinus, .quantity, .bracketed, .set, .list, .matrix, .relation, .setOperation, .reals,
            .text:
            throw MathFault.syntax
        }
    }

    private func exact(_ value: Double) -> Approximation { Approximation(ComplexNumber(value)) }
}
