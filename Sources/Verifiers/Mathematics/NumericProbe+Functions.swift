// The functions of the grammar in double precision.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension NumericProbe {
    /// - Throws: `MathFault.undefined` outside the function's domain.
    func call(_ function: MathFunction, _ arguments: [Approximation]) throws -> Approximation {
        guard let x = arguments.first else { throw MathFault.syntax }
        let two = Approximation(ComplexNumber(2))
        switch function {
        case .sin: return x.mapped { $0.sine() }
        case .cos: return x.mapped { $0.cosine() }
        case .tan: return try call(.sin, arguments) / call(.cos, arguments)
        case .cot: return try call(.cos, arguments) / call(.sin, arguments)
        case .sec: return try Approximation(.one) / call(.cos, arguments)
        case .csc: return try Approximation(.one) / call(.sin, arguments)
        case .arcsin: return x.mapped { $0.arcSine() }
        case .arccos: return x.mapped { $0.arcCosine() }
        case .arctan: return x.mapped { $0.arcTangent() }
        case .sinh, .cosh:
            let sign = ComplexNumber(function == .sinh ? -1 : 1)
            let fall = Approximation(ComplexNumber(-1)) * x
            return (x.mapped { $0.exponential() } + Approximation(sign) * fall.mapped { $0.exponential() }) / two
        case .tanh: return try call(.sinh, arguments) / call(.cosh, arguments)
        case .exp: return x.mapped { $0.exponential() }
        case .ln: return logarithm(x)
        case .log: return logarithm(x) / Approximation(ComplexNumber(M_LN10))
        case .logBase:
            guard arguments.count == 2 else { throw MathFault.syntax }
            return logarithm(arguments[1]) / logarithm(x)
        case .abs: return Approximation(ComplexNumber(x.value.magnitude), error: x.error)
        case .floor, .ceil, .factorial, .binomial, .gcd, .lcm, .max, .min:
            let reals = try arguments.map { argument in
                guard let real = argument.value.realValue else { throw MathFault.undefined }
                return real
            }
            let error = function == .max || function == .min ? arguments.map(\.error).max() ?? 0 : 0
            return Approximation(ComplexNumber(try Self.whole(function, reals)), error: error)
        }
    }

    /// ln, with an error of dx / |x|.
    private func logarithm(_ x: Approximation) -> Approximation {
        Approximation(x.value.logarithm(), error: x.error / x.value.magnitude)
    }

    private static func whole(_ function: MathFunction, _ values: [Double]) throws -> Double {
        switch (function, values.count) {
        case (.floor, 1): return floor(values[0])
        case (.ceil, 1): return ceil(values[0])
        case (.max, _): return values.max() ?? .nan
        case (.min, _): return values.min() ?? .nan
        case (.factorial, 1):
            guard values[0] >= 0, values[0] == values[0].rounded(), values[0] <= 170 else { throw MathFault.undefined }
            return stride(from: 1, through: values[0], by: 1).reduce(1, *)
        case (.binomial, 2):
            let (n, k) = (values[0], values[1])
            guard n == n.rounded(), k == k.rounded(), k >= 0, k <= n, n <= 1_000 else { throw MathFault.undefined }
            return stride(from: 1, through: min(k, n - k), by: 1).reduce(1) { $0 * (n - $1 + 1) / $1 }
        default:
            var result = 0
            for value in values {
                guard let next = Int(exactly: value), next.magnitude < 1 << 30, result < 1 << 30 else {
                    throw MathFault.undefined
                }
                let divisor = BigInteger.greatestCommonDivisor(result, next)
                result = function == .gcd || result == 0 ? divisor : abs(result / max(1, divisor) * next)
            }
            return Double(result)
        }
    }
}
