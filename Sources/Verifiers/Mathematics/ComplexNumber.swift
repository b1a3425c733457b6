// Complex numbers in double precision with principal branches, for probing.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct ComplexNumber: Equatable {
    var real: Double
    var imaginary: Double

    init(_ real: Double, _ imaginary: Double = 0) {
        self.real = real
        self.imaginary = imaginary
    }

    static let one = ComplexNumber(1)
    static let i = ComplexNumber(0, 1)

    var magnitude: Double { hypot(real, imaginary) }
    var isFinite: Bool { real.isFinite && imaginary.isFinite }
    /// The value, if nothing but rounding stands in the imaginary part.
    var realValue: Double? { abs(imaginary) <= 1e-12 * max(1, abs(real)) ? real : nil }

    static func + (a: Self, b: Self) -> Self { Self(a.real + b.real, a.imaginary + b.imaginary) }
    static func - (a: Self, b: Self) -> Self { Self(a.real - b.real, a.imaginary - b.imaginary) }
    static func * (a: Self, b: Self) -> Self {
        Self(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)
    }
    static func / (a: Self, b: Self) -> Self {
        // Smith's algorithm: no overflow on the way.
        if abs(b.real) >= abs(b.imaginary) {
            let ratio = b.imaginary / b.real
            let scale = b.real + b.imaginary * ratio
            return Self((a.real + a.imaginary * ratio) / scale, (a.imaginary - a.real * ratio) / scale)
        }
        let ratio = b.real / b.imaginary
        let scale = b.real * ratio + b.imaginary
        return Self((a.real * ratio + a.imaginary) / scale, (a.imaginary * ratio - a.real) / scale)
    }

    func exponential() -> Self {
        let scale = exp(real)
        return imaginary == 0 ? Self(scale) : Self(scale * cos(imaginary), scale * sin(imaginary))
    }

    func logarithm() -> Self { Self(log(magnitude), atan2(imaginary, real)) }

    func power(_ exponent: Self) -> Self {
        if exponent == Self(0) { return .one }
        if magnitude == 0 { return exponent.real > 0 ? Self(0) : Self(.nan) }
        if imaginary == 0, exponent.imaginary == 0, real > 0 || exponent.real == exponent.real.rounded() {
            return Self(pow(real, exponent.real))
        }
        return (exponent * logarithm()).exponential()
    }

    func squareRoot() -> Self {
        if imaginary == 0 { return real >= 0 ? Self(real.squareRoot()) : Self(0, (-real).squareRoot()) }
        return power(Self(0.5))
    }

    func sine() -> Self { Self(sin(real) * cosh(imaginary), cos(real) * sinh(imaginary)) }
    func cosine() -> Self { Self(cos(real) * cosh(imaginary), -sin(real) * sinh(imaginary)) }

    /// -i log(iz + √(1 - z²))
    func arcSine() -> Self { Self(0, -1) * (Self.i * self + (.one - self * self).squareRoot()).logarithm() }
    func arcCosine() -> Self { Self(Double.pi / 2) - arcSine() }
    /// i/2 (log(1 - iz) - log(1 + iz))
    func arcTangent() -> Self {
        Self(0, 0.5) * ((.one - Self.i * self).logarithm() - (.one + Self.i * self).logarithm())
    }
}
