// Sums of products of powers with rational coefficients: the normal form that makes equal answers equal values.

/// What a polynomial is in: things with no relation among each other, as far as this form knows.
enum Generator: Hashable, Comparable {
    /// A prime under a fractional power, as in √2.
    case prime(Int)
    case imaginary
    case pi
    case e
    case symbol(String)
    /// Anything that is not taken apart, by its written form.
    case opaque(String)
}

/// A fraction of small whole numbers: the exponent of a generator.
struct Exponent: Hashable, Comparable {
    let top: Int
    let bottom: Int

    static let one = Exponent(uncheckedTop: 1, bottom: 1)

    init(_ top: Int, over bottom: Int = 1) throws {
        guard abs(top) <= 100_000, 1...1_000 ~= bottom else { throw MathFault.tooComplex }
        let divisor = max(1, BigInteger.greatestCommonDivisor(top, bottom))
        self.init(uncheckedTop: top / divisor, bottom: bottom / divisor)
    }

    private init(uncheckedTop top: Int, bottom: Int) {
        self.top = top
        self.bottom = bottom
    }

    func plus(_ other: Exponent) throws -> Exponent {
        try Exponent(top * other.bottom + other.top * bottom, over: bottom * other.bottom)
    }

    func times(_ other: Exponent) throws -> Exponent {
        try Exponent(top * other.top, over: bottom * other.bottom)
    }

    /// The largest whole number that is not above.
    var floor: Int { top >= 0 ? top / bottom : -((-top + bottom - 1) / bottom) }
    var isZero: Bool { top == 0 }

    static func < (left: Exponent, right: Exponent) -> Bool { left.top * right.bottom < right.top * left.bottom }
}

/// A product of powers of generators, in order.
struct Monomial: Hashable {
    var factors: [(generator: Generator, exponent: Exponent)] = []

    static let one = Monomial()

    static func == (left: Monomial, right: Monomial) -> Bool {
        left.factors.count == right.factors.count
            && zip(left.factors, right.factors).allSatisfy {
                $0.generator == $1.generator && $0.exponent == $1.exponent
            }
    }

    func hash(into hasher: inout Hasher) {
        for factor in factors {
            hasher.combine(factor.generator)
            hasher.combine(factor.exponent)
        }
    }

    /// The exponents added, generator by generator.
    func times(_ other: Monomial) throws -> Monomial {
        var result = Monomial()
        var (i, j) = (0, 0)
        while i < factors.count || j < other.factors.count {
            if j == other.factors.count || (i < factors.count && factors[i].generator < other.factors[j].generator) {
                result.factors.append(factors[i])
                i += 1
            } else if i == factors.count || other.factors[j].generator < factors[i].generator {
                result.factors.append(other.factors[j])
                j += 1
            } else {
                let exponent = try factors[i].exponent.plus(other.factors[j].exponent)
                if !exponent.isZero { result.factors.append((factors[i].generator, exponent)) }
                i += 1
                j += 1
            }
        }
        return result
    }

    func power(_ exponent: Exponent) throws -> Monomial {
        var result = Monomial()
        result.factors = try factors.map { ($0.generator, try $0.exponent.times(exponent)) }.filter { !$0.1.isZero }
        return result
    }

    /// Whole powers of primes and squares of i taken out: a coefficient, and a monomial whose primes have exponents
    /// between 0 and 1 and whose i has exponent 1 at most.
    func reduced(_ work: MathWork) throws -> (coefficient: Rational, monomial: Monomial) {
        var coefficient = Rational.one
        var result = Monomial()
        for (generator, exponent) in factors {
            var rest = exponent
            switch generator {
            case .prime(let prime):
                rest = try exponent.plus(Exponent(-exponent.floor))
                coefficient = try coefficient.times(Rational(prime).power(exponent.floor, work), work)
            case .imaginary where exponent.bottom == 1:
                let turns = ((exponent.top % 4) + 4) % 4
                if turns >= 2 { coefficient = coefficient.negated }
                rest = try Exponent(turns % 2)
            default: break
            }
            if !rest.isZero { result.factors.append((generator, rest)) }
        }
        return (coefficient, result)
    }
}

/// A sum of monomials with coefficients other than zero.
struct Polynomial: Equatable {
    static let maximumTerms = 300

    private(set) var terms: [Monomial: Rational] = [:]

    static let zero = Polynomial()
    static let one = Polynomial(.one)

    init() {}

    init(_ constant: Rational) {
        if !constant.isZero { terms[.one] = constant }
    }

    init(_ coefficient: Rational, _ monomial: Monomial, _ work: MathWork) throws {
        let (factor, reduced) = try monomial.reduced(work)
        let product = try coefficient.times(factor, work)
        if !product.isZero { terms[reduced] = product }
    }

    var isZero: Bool { terms.isEmpty }

    /// The value, if it is a rational number.
    var constant: Rational? {
        if terms.isEmpty { return .zero }
        return terms.count == 1 ? terms[.one] : nil
    }

    /// The only term, if there is just one.
    var single: (monomial: Monomial, coefficient: Rational)? {
        terms.count == 1 ? terms.first.map { ($0.key, $0.value) } : nil
    }

    func plus(_ other: Polynomial, _ work: MathWork) throws -> Polynomial {
        var result = self
        for (monomial, coefficient) in other.terms { try result.add(coefficient, monomial, work) }
        return result
    }

    func times(_ other: Polynomial, _ work: MathWork) throws -> Polynomial {
        if let factor = constant, factor.isOne { return other }
        if let factor = other.constant, factor.isOne { return self }
        var result = Polynomial()
        for (left, a) in terms {
            for (right, b) in other.terms {
                try work.spend(10 + 5 * (left.factors.count + right.factors.count))
                let (factor, monomial) = try left.times(right).reduced(work)
                try result.add(a.times(b, work).times(factor, work), monomial, work)
            }
        }
        return result
    }

    func power(_ exponent: Int, _ work: MathWork) throws -> Polynomial {
        var (result, base, rest) = (Polynomial.one, self, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = try result.times(base, work) }
            rest >>= 1
            if rest > 0 { base = try base.times(base, work) }
        }
        return result
    }

    private mutating func add(_ coefficient: Rational, _ monomial: Monomial, _ work: MathWork) throws {
        try work.spend(5)
        let sum = try (terms[monomial] ?? .zero).plus(coefficient, work)
        terms[monomial] = sum.isZero ? nil : sum
        guard terms.count <= Self.maximumTerms else { throw MathFault.tooComplex }
    }

    /// A text that equal polynomials share and others do not.
    func text(_ work: MathWork) throws -> String {
        var parts: [String] = []
        for (monomial, coefficient) in terms {
            try work.spend(20)
            let factors = monomial.factors.map { "\($0.generator)^\($0.exponent.top)/\($0.exponent.bottom)" }
            let (top, bottom) = (coefficient.numerator, coefficient.denominator)
            parts.append("\(top.isNegative ? "-" : "")\(top.limbs)/\(bottom.limbs)*" + factors.joined(separator: "*"))
            guard parts[parts.count - 1].utf8.count <= 2_000 else { throw MathFault.tooComplex }
            try work.spend(parts[parts.count - 1].utf8.count)
        }
        return parts.sorted().joined(separator: "+")
    }
}
