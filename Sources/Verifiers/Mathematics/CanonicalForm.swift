// An expression as a quotient of two polynomials, so that many ways to write a value become one.

/// A quotient of polynomials in symbols, constants, roots of primes, and opaque parts.
///
/// Roots of positive rational numbers are taken apart into roots of primes, which with whole exponents taken out are
/// linearly independent over the rationals (Besicovitch 1940). So where `isComplete`, two forms are equal exactly if
/// the expressions are, for independent symbols. Otherwise equal forms still mean equal expressions, but different
/// forms mean nothing.
struct CanonicalForm {
    var top: Polynomial
    var bottom: Polynomial
    var isComplete: Bool

    /// The value, if it is a rational number.
    var constant: Rational? {
        guard let above = top.constant, let below = bottom.constant, below.isOne else { return nil }
        return above
    }

    init(_ value: Rational) {
        self.init(top: Polynomial(value), bottom: .one, isComplete: true)
    }

    init(top: Polynomial, bottom: Polynomial, isComplete: Bool) {
        self.top = top
        self.bottom = bottom
        self.isComplete = isComplete
    }

    init(_ generator: Generator, _ work: MathWork, isComplete: Bool = true) throws {
        let monomial = Monomial(factors: [(generator, .one)])
        self.init(top: try Polynomial(.one, monomial, work), bottom: .one, isComplete: isComplete)
    }

    /// Whether both are the same quotient.
    func isEqual(to other: CanonicalForm, _ work: MathWork) throws -> Bool {
        if bottom == other.bottom { return top == other.top }
        return try top.times(other.bottom, work) == other.top.times(bottom, work)
    }

    func plus(_ other: CanonicalForm, _ work: MathWork) throws -> CanonicalForm {
        let isComplete = isComplete && other.isComplete
        if bottom == other.bottom {
            return CanonicalForm(top: try top.plus(other.top, work), bottom: bottom, isComplete: isComplete)
        }
        return CanonicalForm(
            top: try top.times(other.bottom, work).plus(other.top.times(bottom, work), work),
            bottom: try bottom.times(other.bottom, work), isComplete: isComplete)
    }

    func times(_ other: CanonicalForm, _ work: MathWork) throws -> CanonicalForm {
        CanonicalForm(
            top: try top.times(other.top, work), bottom: try bottom.times(other.bottom, work),
            isComplete: isComplete && other.isComplete)
    }

    /// - Throws: `MathFault.undefined` for zero.
    func inverse(_ work: MathWork) throws -> CanonicalForm {
        guard !top.isZero else { throw MathFault.undefined }
        // A single term moves to the other side of the fraction line by its exponents.
        if let (monomial, coefficient) = top.single {
            let inverted = try Polynomial(
                coefficient.inverse(), monomial.power(Exponent(-1)), work)
            return CanonicalForm(top: try inverted.times(bottom, work), bottom: .one, isComplete: isComplete)
        }
        return CanonicalForm(top: bottom, bottom: top, isComplete: isComplete)
    }

    func power(_ exponent: Int, _ work: MathWork) throws -> CanonicalForm {
        // beyond either bound below anyhow; the smallest integer has no negative
        guard exponent.magnitude <= 100_000 else { throw MathFault.tooComplex }
        if exponent < 0 { return try inverse(work).power(-exponent, work) }
        if exponent == 0 { return CanonicalForm(.one) }
        func raised(_ polynomial: Polynomial) throws -> Polynomial {
            guard let (monomial, coefficient) = polynomial.single else {
                guard exponent <= 64 else { throw MathFault.tooComplex }
                return try polynomial.power(exponent, work)
            }
            return try Polynomial(coefficient.power(exponent, work), monomial.power(Exponent(exponent)), work)
        }
        return CanonicalForm(top: try raised(top), bottom: try raised(bottom), isComplete: isComplete)
    }

    /// A text that names this form.
    func text(_ work: MathWork) throws -> String { "(\(try top.text(work)))/(\(try bottom.text(work)))" }
}
