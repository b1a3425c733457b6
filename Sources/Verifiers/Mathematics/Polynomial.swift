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
        guard top.magnitude <= 100_000, 1...1_000 ~= bottom else { throw MathFault.tooComplex }
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

extension Monomial: Comparable {
    static func < (left: Monomial, right: Monomial) -> Bool {
        for (a, b) in zip(left.factors, right.factors) {
            if a.generator != b.generator { return a.generator < b.generator }
            if a.exponent != b.exponent { return a.exponent < b.exponent }
        }
        return left.factors.count < right.factors.count
    }
}

/// A sum of monomials with coefficients other than zero.
///
/// The terms are in order, so that work, and with it the end of the budget, depends on nothing but the value: the order
/// of a dictionary differs from one to the next.
struct Polynomial: Equatable {
    static let maximumTerms = 300

    private(set) var terms: [(monomial: Monomial, coefficient: Rational)] = []

    static let zero = Polynomial()
    static let one = Polynomial(.one)

    init() {}

    init(_ constant: Rational) {
        if !constant.isZero { terms = [(.one, constant)] }
    }

    init(_ coefficient: Rational, _ monomial: Monomial, _ work: MathWork) throws {
        let (factor, reduced) = try monomial.reduced(work)
        let product = try coefficient.times(factor, work)
        if !product.isZero { terms = [(reduced, product)] }
    }

    static func == (left: Polynomial, right: Polynomial) -> Bool {
        left.terms.count == right.terms.count
            && zip(left.terms, right.terms).allSatisfy {
                $0.monomial == $1.monomial && $0.coefficient == $1.coefficient
            }
    }

    var isZero: Bool { terms.isEmpty }

    /// The value, if it is a rational number.
    var constant: Rational? {
        guard let first = terms.first else { return .zero }
        return terms.count == 1 && first.monomial == .one ? first.coefficient : nil
    }

    /// The only term, if there is just one.
    var single: (monomial: Monomial, coefficient: Rational)? { terms.count == 1 ? terms[0] : nil }

    func plus(_ other: Polynomial, _ work: MathWork) throws -> Polynomial {
        var sum = Collector()
        for term in terms + other.terms { try sum.add(term.coefficient, term.monomial, work) }
        return sum.polynomial
    }

    func times(_ other: Polynomial, _ work: MathWork) throws -> Polynomial {
        if let factor = constant, factor.isOne { return other }
        if let factor = other.constant, factor.isOne { return self }
        var sum = Collector()
        for (left, a) in terms {
            for (right, b) in other.terms {
                try work.spend(10 + 5 * (left.factors.count + right.factors.count))
                let (factor, monomial) = try left.times(right).reduced(work)
                try sum.add(a.times(b, work).times(factor, work), monomial, work)
            }
        }
        return sum.polynomial
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

    /// Adds up terms in the order given; looks up by monomial and never goes through them by hash.
    private struct Collector {
        private var places: [Monomial: Int] = [:]
        private var terms: [(monomial: Monomial, coefficient: Rational)] = []

        mutating func add(_ coefficient: Rational, _ monomial: Monomial, _ work: MathWork) throws {
            try work.spend(5)
            if let place = places[monomial] {
                terms[place].coefficient = try terms[place].coefficient.plus(coefficient, work)
                return
            }
            guard terms.count < Polynomial.maximumTerms else { throw MathFault.tooComplex }
            places[monomial] = terms.count
            terms.append((monomial, coefficient))
        }

        var polynomial: Polynomial {
            var result = Polynomial()
            result.terms = terms.filter { !$0.coefficient.isZero }.sorted { $0.monomial < $1.monomial }
            return result
        }
    }

    /// A text that equal polynomials share and others do not.
    func text(_ work: MathWork) throws -> String {
        var parts: [String] = []
        for (monomial, coefficient) in terms {
            try work.spend(20)
            let factors = monomial.factors.map { "\($0.generator)^\($0.exponent.top)/\($0.exponent.bottom)" }
            let (top, bottom) = (coefficient.numerator, coefficient.denominator)
            let part =
                "\(top.isNegative ? "-" : "")\(top.limbs)/\(bottom.limbs)*" + factors.joined(separator: "*")
            guard part.utf8.count <= 2_000 else { throw MathFault.tooComplex }
            try work.spend(part.utf8.count)
            parts.append(part)
        }
        return parts.joined(separator: "+")
    }
}
