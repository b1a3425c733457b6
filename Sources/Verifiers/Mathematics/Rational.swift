// Exact fractions.

/// A fraction in lowest terms with a positive denominator.
struct Rational: Hashable, Sendable {
    let numerator: BigInteger
    let denominator: BigInteger

    static let zero = Rational(0)
    static let one = Rational(1)

    init(_ value: Int) {
        numerator = BigInteger(value)
        denominator = .one
    }

    init(_ value: BigInteger) {
        numerator = value
        denominator = .one
    }

    /// - Throws: `MathFault.undefined` for a denominator of zero.
    init(_ top: BigInteger, over bottom: BigInteger, _ work: MathWork) throws {
        guard !bottom.isZero else { throw MathFault.undefined }
        let divisor = try top.greatestCommonDivisor(bottom, work)
        let sign = bottom.isNegative
        let (above, below) =
            divisor.isOne
            ? (top, bottom) : (try top.divided(by: divisor, work).0, try bottom.divided(by: divisor, work).0)
        numerator = sign ? above.negated : above
        denominator = sign ? below.negated : below
    }

    var isZero: Bool { numerator.isZero }
    var isOne: Bool { numerator.isOne && denominator.isOne }
    var isNegative: Bool { numerator.isNegative }
    var isInteger: Bool { denominator.isOne }
    /// The value as a machine integer, if it is one.
    var int: Int? { isInteger ? numerator.int : nil }
    var negated: Rational { Rational(reduced: numerator.negated, denominator) }

    /// The nearest double, to a few units in the last place; also for terms beyond its range.
    var double: Double {
        let (top, bottom) = (numerator.double, denominator.double)
        if top.isFinite, bottom.isFinite { return top / bottom }
        // Leading limbs carry 64 bits or more of precision; the rest are powers of 2^32.
        let drop = max(0, max(numerator.limbs.count, denominator.limbs.count) - 20)
        let above = BigInteger(limbs: Array(numerator.limbs.dropFirst(drop)), isNegative: isNegative).double
        let below = BigInteger(limbs: Array(denominator.limbs.dropFirst(drop)), isNegative: false).double
        return above / below
    }

    func plus(_ other: Rational, _ work: MathWork) throws -> Rational {
        if denominator.isOne, other.denominator.isOne { return Rational(try numerator.plus(other.numerator, work)) }
        return try Rational(
            numerator.times(other.denominator, work).plus(other.numerator.times(denominator, work), work),
            over: denominator.times(other.denominator, work), work)
    }

    func minus(_ other: Rational, _ work: MathWork) throws -> Rational { try plus(other.negated, work) }

    func times(_ other: Rational, _ work: MathWork) throws -> Rational {
        if denominator.isOne, other.denominator.isOne { return Rational(try numerator.times(other.numerator, work)) }
        return try Rational(
            numerator.times(other.numerator, work), over: denominator.times(other.denominator, work), work)
    }

    func inverse() throws -> Rational {
        guard !isZero else { throw MathFault.undefined }
        return numerator.isNegative
            ? Rational(reduced: denominator.negated, numerator.negated) : Rational(reduced: denominator, numerator)
    }

    func divided(by other: Rational, _ work: MathWork) throws -> Rational { try times(other.inverse(), work) }

    /// - Throws: `MathFault.undefined` for a negative power of zero.
    func power(_ exponent: Int, _ work: MathWork) throws -> Rational {
        if exponent < 0 {
            guard exponent > .min else { throw MathFault.tooComplex }
            return try inverse().power(-exponent, work)
        }
        return Rational(reduced: try numerator.power(exponent, work), try denominator.power(exponent, work))
    }

    func isLess(than other: Rational, _ work: MathWork) throws -> Bool { try minus(other, work).isNegative }

    /// The largest whole number that is not above.
    func floor(_ work: MathWork) throws -> BigInteger {
        let (quotient, remainder) = try numerator.divided(by: denominator, work)
        return remainder.isNegative ? try quotient.minus(.one, work) : quotient
    }

    private init(reduced numerator: BigInteger, _ denominator: BigInteger) {
        self.numerator = numerator
        self.denominator = denominator
    }
}
