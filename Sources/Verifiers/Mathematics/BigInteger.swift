// Whole numbers of any size up to a bound, for exact comparison of answers.

/// A signed whole number of at most `maximumLimbs` limbs of 32 bits.
///
/// Every operation that may grow says what it costs to a `MathWork`, and throws beyond the bound.
struct BigInteger: Hashable, Sendable {
    static let maximumLimbs = 256

    /// Little-endian, without leading zeros; empty for zero.
    private(set) var limbs: [UInt32]
    private(set) var isNegative: Bool

    static let zero = BigInteger(0)
    static let one = BigInteger(1)

    init(_ value: Int) {
        let magnitude = UInt64(value.magnitude)
        self.init(
            limbs: [UInt32(truncatingIfNeeded: magnitude), UInt32(truncatingIfNeeded: magnitude >> 32)],
            isNegative: value < 0)
    }

    init(limbs: [UInt32], isNegative: Bool) {
        var trimmed = limbs
        while trimmed.last == 0 { trimmed.removeLast() }
        self.limbs = trimmed
        self.isNegative = isNegative && !trimmed.isEmpty
    }

    /// Reads decimal digits (ASCII).
    /// - Throws: `MathFault.syntax` for anything else, `.tooComplex` beyond the bound.
    init(decimal digits: some Sequence<UInt8>, _ work: MathWork) throws {
        var limbs: [UInt32] = []
        for digit in digits {
            guard (48...57).contains(digit) else { throw MathFault.syntax }
            try work.spend(1 + limbs.count)
            var carry = UInt64(digit - 48)
            for index in limbs.indices {
                let value = UInt64(limbs[index]) * 10 + carry
                limbs[index] = UInt32(truncatingIfNeeded: value)
                carry = value >> 32
            }
            if carry > 0 { limbs.append(UInt32(carry)) }
            guard limbs.count <= Self.maximumLimbs else { throw MathFault.tooComplex }
        }
        self.init(limbs: limbs, isNegative: false)
    }

    var isZero: Bool { limbs.isEmpty }
    var isOne: Bool { limbs == [1] && !isNegative }
    var isOdd: Bool { (limbs.first ?? 0) & 1 == 1 }
    var magnitude: BigInteger { BigInteger(limbs: limbs, isNegative: false) }
    var negated: BigInteger { BigInteger(limbs: limbs, isNegative: !isNegative) }

    /// The value as a machine integer, if it fits.
    var int: Int? {
        guard limbs.count <= 2 else { return nil }
        let magnitude = limbs.reversed().reduce(UInt64(0)) { $0 << 32 | UInt64($1) }
        return isNegative ? Int(exactly: -Int128(magnitude)) : Int(exactly: magnitude)
    }

    /// The nearest double; infinite beyond its range.
    var double: Double {
        let value = limbs.reversed().reduce(0.0) { $0 * 0x1p32 + Double($1) }
        return isNegative ? -value : value
    }

    func plus(_ other: BigInteger, _ work: MathWork) throws -> BigInteger {
        try work.spend(1 + max(limbs.count, other.limbs.count))
        if isNegative == other.isNegative {
            return try BigInteger(limbs: Self.sum(limbs, other.limbs), isNegative: isNegative).bounded()
        }
        switch Self.order(limbs, other.limbs) {
        case 0: return .zero
        case 1: return BigInteger(limbs: Self.difference(limbs, other.limbs), isNegative: isNegative)
        default: return BigInteger(limbs: Self.difference(other.limbs, limbs), isNegative: other.isNegative)
        }
    }

    func minus(_ other: BigInteger, _ work: MathWork) throws -> BigInteger { try plus(other.negated, work) }

    func times(_ other: BigInteger, _ work: MathWork) throws -> BigInteger {
        if isZero || other.isZero { return .zero }
        guard limbs.count + other.limbs.count <= Self.maximumLimbs + 1 else { throw MathFault.tooComplex }
        try work.spend(1 + limbs.count * other.limbs.count)
        var result = [UInt32](repeating: 0, count: limbs.count + other.limbs.count)
        for (i, left) in limbs.enumerated() {
            var carry: UInt64 = 0
            for (j, right) in other.limbs.enumerated() {
                let value = UInt64(left) * UInt64(right) + UInt64(result[i + j]) + carry
                result[i + j] = UInt32(truncatingIfNeeded: value)
                carry = value >> 32
            }
            result[i + other.limbs.count] = UInt32(carry)
        }
        return try BigInteger(limbs: result, isNegative: isNegative != other.isNegative).bounded()
    }

    /// `self` to a power of 0 or more, by squaring.
    func power(_ exponent: Int, _ work: MathWork) throws -> BigInteger {
        if exponent == 0 || isOne { return .one }
        if isZero { return .zero }
        if limbs == [1] { return BigInteger(exponent % 2 == 0 ? 1 : -1) }
        guard exponent <= 32 * Self.maximumLimbs else { throw MathFault.tooComplex }
        var (result, base, rest) = (BigInteger.one, self, exponent)
        while true {
            if rest & 1 == 1 { result = try result.times(base, work) }
            rest >>= 1
            if rest == 0 { return result }
            base = try base.times(base, work)
        }
    }

    private func bounded() throws -> BigInteger {
        guard limbs.count <= Self.maximumLimbs else { throw MathFault.tooComplex }
        return self
    }
}

extension BigInteger: Comparable {
    static func < (left: BigInteger, right: BigInteger) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        let order = order(left.limbs, right.limbs)
        return left.isNegative ? order > 0 : order < 0
    }

    /// -1, 0 or 1 as the first magnitude is the smaller, equal, or larger one.
    static func order(_ left: [UInt32], _ right: [UInt32]) -> Int {
        if left.count != right.count { return left.count < right.count ? -1 : 1 }
        for index in left.indices.reversed() where left[index] != right[index] {
            return left[index] < right[index] ? -1 : 1
        }
        return 0
    }

    private static func sum(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(left.count, right.count) {
            let value =
                carry + UInt64(index < left.count ? left[index] : 0) + UInt64(index < right.count ? right[index] : 0)
            result.append(UInt32(truncatingIfNeeded: value))
            carry = value >> 32
        }
        if carry > 0 { result.append(UInt32(carry)) }
        return result
    }

    /// The first magnitude must be the larger one.
    private static func difference(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result = left
        var borrow: Int64 = 0
        for index in left.indices {
            var value = Int64(left[index]) - borrow - Int64(index < right.count ? right[index] : 0)
            borrow = value < 0 ? 1 : 0
            if value < 0 { value += 0x1_0000_0000 }
            result[index] = UInt32(value)
        }
        return result
    }
}
