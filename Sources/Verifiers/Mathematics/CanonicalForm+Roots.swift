// Fractional powers: roots of positive numbers by their primes, the rest left whole.

extension CanonicalForm {
    /// The power `top/bottom`; `isReal` takes the real root of a negative number where the index is odd.
    func root(_ exponent: Exponent, isReal: Bool, _ work: MathWork) throws -> CanonicalForm {
        if exponent.bottom == 1 { return try power(exponent.top, work) }
        if top.isZero {
            guard exponent.top > 0 else { throw MathFault.undefined }
            return self
        }
        guard bottom.constant?.isOne == true, let (monomial, coefficient) = top.single,
            monomial.factors.allSatisfy({ Self.isPositive($0.generator) })
        else { return try opaqueRoot(exponent, isReal: isReal, work) }
        if coefficient.isNegative {
            let positive = CanonicalForm(
                top: try Polynomial(coefficient.negated, monomial, work), bottom: .one, isComplete: isComplete)
            let root = try positive.root(exponent, isReal: isReal, work)
            if exponent.bottom == 2 {
                return try root.times(CanonicalForm(.imaginary, work).power(exponent.top, work), work)
            }
            guard isReal, exponent.bottom % 2 == 1 else { return try opaqueRoot(exponent, isReal: isReal, work) }
            return exponent.top % 2 == 0 ? root : try root.times(CanonicalForm(Rational(-1)), work)
        }
        guard let above = try Self.primes(of: coefficient.numerator, work),
            let below = try Self.primes(of: coefficient.denominator, work)
        else { return try opaqueRoot(exponent, isReal: isReal, work) }
        var product = try monomial.power(exponent)
        for (primes, sign) in [(above, 1), (below, -1)] {
            for (prime, count) in primes {
                let factor = Monomial(
                    factors: [(.prime(prime), try Exponent(sign * count).times(exponent))])
                product = try product.times(factor)
            }
        }
        return CanonicalForm(top: try Polynomial(.one, product, work), bottom: .one, isComplete: isComplete)
    }

    /// A generator for the root itself, to the power of the numerator.
    private func opaqueRoot(_ exponent: Exponent, isReal: Bool, _ work: MathWork) throws -> CanonicalForm {
        let name = "\(isReal ? "root" : "power") \(exponent.bottom) \(try text(work))"
        return try CanonicalForm(.opaque(name), work, isComplete: false).power(exponent.top, work)
    }

    private static func isPositive(_ generator: Generator) -> Bool {
        switch generator {
        case .prime, .pi, .e: true
        default: false
        }
    }

    /// The prime factors of a positive number with their counts; nil if trial division by small numbers leaves a
    /// factor that may be composite.
    private static func primes(of number: BigInteger, _ work: MathWork) throws -> [(Int, Int)]? {
        var factors: [(Int, Int)] = []
        var rest = number
        var candidate = 2
        while candidate <= 2_000 {
            if let small = rest.int, candidate * candidate > small { break }
            try work.spend(2)
            let divisor = BigInteger(candidate)
            var count = 0
            while true {
                let (quotient, remainder) = try rest.divided(by: divisor, work)
                guard remainder.isZero else { break }
                rest = quotient
                count += 1
            }
            if count > 0 { factors.append((candidate, count)) }
            candidate += candidate == 2 ? 1 : 2
        }
        if rest.isOne { return factors }
        guard let prime = rest.int, prime <= 4_000_000 else { return nil }
        return factors + [(prime, 1)]
    }
}
