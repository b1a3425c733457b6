// Arithmetic of big numbers against 128-bit machine integers and against its own laws.

import Foundation
import Testing
import Trajectories

@testable import Verifiers

@Suite struct BigIntegerTests {
    private func random(limbs: Int, _ random: inout RandomSource) -> BigInteger {
        let values = (0..<limbs).map { _ in
            // Limbs of all ones and zeros are where carries and quotient digits go wrong.
            [0, UInt32.max, UInt32(truncatingIfNeeded: random.next())][random.integer(below: 3)]
        }
        return BigInteger(limbs: values, isNegative: random.integer(below: 2) == 0)
    }

    private func wide(_ value: BigInteger) -> Int128 {
        let magnitude = value.limbs.reversed().reduce(Int128(0)) { $0 << 32 | Int128($1) }
        return value.isNegative ? -magnitude : magnitude
    }

    @Test func `small numbers agree with 128-bit arithmetic`() throws {
        let work = MathWork()
        for trial in 0..<3_000 {
            var source = RandomSource(seed: 34, purpose: .testing, step: trial)
            let a = random(limbs: source.integer(below: 3), &source)
            let b = random(limbs: source.integer(below: 2), &source)
            #expect(wide(try a.plus(b, work)) == wide(a) + wide(b))
            #expect(wide(try a.minus(b, work)) == wide(a) - wide(b))
            #expect(wide(try a.times(b, work)) == wide(a) * wide(b))
            #expect((a < b) == (wide(a) < wide(b)))
            guard !b.isZero else { continue }
            let (quotient, remainder) = try a.divided(by: b, work)
            #expect(wide(quotient) == wide(a) / wide(b) && wide(remainder) == wide(a) % wide(b))
        }
    }

    @Test func `long numbers divide with a remainder below the divisor`() throws {
        for trial in 0..<2_000 {
            let work = MathWork()
            var source = RandomSource(seed: 35, purpose: .testing, step: trial)
            let a = random(limbs: source.integer(below: 40), &source)
            let b = random(limbs: 1 + source.integer(below: 20), &source)
            guard !b.isZero else { continue }
            let (quotient, remainder) = try a.divided(by: b, work)
            #expect(try quotient.times(b, work).plus(remainder, work) == a)
            #expect(remainder.magnitude < b.magnitude)
            #expect(remainder.isZero || remainder.isNegative == a.isNegative)
            let divisor = try a.greatestCommonDivisor(b, work)
            #expect(try a.divided(by: divisor, work).remainder.isZero && b.divided(by: divisor, work).remainder.isZero)
        }
    }

    @Test func `decimal digits, powers and bounds`() throws {
        let work = MathWork()
        let big = try BigInteger(decimal: Array("1267650600228229401496703205376".utf8), work)
        #expect(try BigInteger(2).power(100, work) == big)
        #expect(big.double == 1267650600228229401496703205376.0 && big.int == nil)
        #expect(BigInteger(Int.min).int == .min && BigInteger(Int.max).int == .max)
        #expect(throws: MathFault.tooComplex) { try BigInteger(2).power(10_000, work) }
        #expect(throws: MathFault.undefined) { try big.divided(by: .zero, work) }
        let tiny = try Rational(.one, over: BigInteger(3).power(1_000, MathWork()), work)
        #expect(tiny.double == 0)
        let ratio = try Rational(
            BigInteger(3).power(1_001, MathWork()), over: BigInteger(2).power(1_500, MathWork()), work)
        let expected: Double = pow(3.0, 500.0) / pow(2.0, 750.0) * (pow(3.0, 501.0) / pow(2.0, 750.0))
        #expect(abs(ratio.double / expected - 1) < 1e-12)
    }
}
