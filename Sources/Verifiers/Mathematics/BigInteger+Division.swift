// Division with remainder (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D), and what rests on it.

extension BigInteger {
    /// Quotient truncated towards zero, and the remainder, which has the sign of `self`.
    /// - Throws: `MathFault.undefined` for a divisor of zero.
    func divided(by divisor: BigInteger, _ work: MathWork) throws -> (quotient: BigInteger, remainder: BigInteger) {
        guard !divisor.isZero else { throw MathFault.undefined }
        guard Self.order(limbs, divisor.limbs) >= 0 else { return (.zero, self) }
        try work.spend(1 + (limbs.count - divisor.limbs.count + 1) * divisor.limbs.count)
        let (quotient, remainder) =
            divisor.limbs.count == 1
            ? Self.short(limbs, by: divisor.limbs[0]) : Self.long(limbs, by: divisor.limbs)
        return (
            BigInteger(limbs: quotient, isNegative: isNegative != divisor.isNegative),
            BigInteger(limbs: remainder, isNegative: isNegative)
        )
    }

    /// The greatest common divisor, not negative.
    func greatestCommonDivisor(_ other: BigInteger, _ work: MathWork) throws -> BigInteger {
        var (a, b) = (magnitude, other.magnitude)
        while !b.isZero {
            if let x = a.int, let y = b.int {
                try work.spend(8)
                return BigInteger(Self.greatestCommonDivisor(x, y))
            }
            (a, b) = (b, try a.divided(by: b, work).remainder)
        }
        return a
    }

    static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        var (a, b) = (first, second)
        while b != 0 { (a, b) = (b, a % b) }
        return abs(a)
    }

    private static func short(_ dividend: [UInt32], by divisor: UInt32) -> ([UInt32], [UInt32]) {
        var quotient = dividend
        var rest: UInt64 = 0
        for index in dividend.indices.reversed() {
            let value = rest << 32 | UInt64(dividend[index])
            quotient[index] = UInt32(value / UInt64(divisor))
            rest = value % UInt64(divisor)
        }
        return (quotient, [UInt32(rest)])
    }

    /// For a divisor of two limbs or more, and a dividend at least as long.
    private static func long(_ dividend: [UInt32], by divisor: [UInt32]) -> ([UInt32], [UInt32]) {
        // The divisor's top bit is set, so that a quotient digit is guessed at most two too high.
        let shift = divisor[divisor.count - 1].leadingZeroBitCount
        let v = shifted(divisor, left: shift)
        var u = shifted(dividend, left: shift)
        if u.count == dividend.count { u.append(0) }
        let n = divisor.count
        var quotient = [UInt32](repeating: 0, count: u.count - n)
        for j in (0..<(u.count - n)).reversed() {
            let top = UInt64(u[j + n]) << 32 | UInt64(u[j + n - 1])
            var guess = top / UInt64(v[n - 1])
            var rest = top % UInt64(v[n - 1])
            while guess > 0xFFFF_FFFF || guess * UInt64(v[n - 2]) > (rest << 32 | UInt64(u[j + n - 2])) {
                guess -= 1
                rest += UInt64(v[n - 1])
                if rest > 0xFFFF_FFFF { break }
            }
            var borrow: Int64 = 0
            var carry: UInt64 = 0
            for i in 0..<n {
                let product = guess * UInt64(v[i]) + carry
                carry = product >> 32
                let value = Int64(u[i + j]) - borrow - Int64(product & 0xFFFF_FFFF)
                u[i + j] = UInt32(truncatingIfNeeded: value)
                borrow = value < 0 ? 1 : 0
            }
            let value = Int64(u[j + n]) - borrow - Int64(carry)
            u[j + n] = UInt32(truncatingIfNeeded: value)
            if value < 0 {
                guess -= 1
                var carry: UInt64 = 0
                for i in 0..<n {
                    let sum = UInt64(u[i + j]) + UInt64(v[i]) + carry
                    u[i + j] = UInt32(truncatingIfNeeded: sum)
                    carry = sum >> 32
                }
                u[j + n] = u[j + n] &+ UInt32(carry)
            }
            quotient[j] = UInt32(truncatingIfNeeded: guess)
        }
        return (quotient, shifted(Array(u[0..<n]), right: shift))
    }

    private static func shifted(_ limbs: [UInt32], left shift: Int) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt32 = 0
        for limb in limbs {
            result.append(limb << shift | carry)
            carry = shift == 0 ? 0 : limb >> (32 - shift)
        }
        if carry > 0 { result.append(carry) }
        return result
    }

    private static func shifted(_ limbs: [UInt32], right shift: Int) -> [UInt32] {
        guard shift > 0 else { return limbs }
        return limbs.indices.map { index in
            limbs[index] >> shift | (index + 1 < limbs.count ? limbs[index + 1] << (32 - shift) : 0)
        }
    }
}
