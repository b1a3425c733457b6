// Student's t distribution: how sure a fit to few points may be of itself.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Student's t with ν > 0 degrees of freedom, not necessarily whole; ν = ∞ is the standard normal distribution.
///
/// P(T > t) = ½ I_x(ν/2, ½) at x = ν / (ν + t²), by the continued fraction of the regularised incomplete beta function;
/// above `largestFractionDegrees` by the normalising transformation of Hill (Algorithm 395, CACM 13, 1970).
/// Absolute error of probabilities below 1e-12; quantiles as accurate as their probability lets them be.
public struct StudentT: Sendable, Equatable {
    /// ν.
    public let degreesOfFreedom: Double
    /// log B(ν/2, ½).
    private let logBeta: Double

    /// Beyond this the continued fraction grows long, while the error of Hill's series is far below rounding.
    static let largestFractionDegrees = 20_000.0

    /// - Throws: `EntropyDynamicsError` unless ν > 0.
    public init(degreesOfFreedom: Double) throws {
        guard degreesOfFreedom > 0 else {
            throw EntropyDynamicsError(
                .outOfRange,
                "Student's t needs more than 0 degrees of freedom, got \(degreesOfFreedom); give the fit more points",
                place: "degreesOfFreedom")
        }
        self.init(positive: degreesOfFreedom)
    }

    /// The standard normal distribution, ν = ∞.
    public static let normal = StudentT(positive: .infinity)

    /// For ν known to be positive.
    init(positive degreesOfFreedom: Double) {
        self.degreesOfFreedom = degreesOfFreedom
        logBeta = 0.5 * log(Double.pi) - logGammaHalfStep(degreesOfFreedom / 2)
    }

    /// The density at t.
    public func density(_ t: Double) -> Double {
        if degreesOfFreedom == .infinity { return exp(-0.5 * t * t - 0.5 * log(2 * Double.pi)) }
        return exp(-0.5 * (degreesOfFreedom + 1) * logOnePlusRatio(t) - logBeta) / degreesOfFreedom.squareRoot()
    }

    /// P(T ≤ t).
    public func cumulative(_ t: Double) -> Double {
        let (central, tail) = split(abs(t))
        return t < 0 ? tail : 0.5 + central
    }

    /// P(T > t), accurate in the upper tail.
    public func upperTail(_ t: Double) -> Double { cumulative(-t) }

    /// P(0 < T ≤ t) and P(T > t) for t ≥ 0; the smaller one keeps its digits.
    func split(_ t: Double) -> (central: Double, tail: Double) {
        guard !t.isNaN else { return (.nan, .nan) }
        guard t < .infinity else { return (0.5, 0) }
        if degreesOfFreedom > Self.largestFractionDegrees {
            let z = hillScore(t) * 0.5.squareRoot()
            return (0.5 * erf(z), 0.5 * erfc(z))
        }
        let (a, ratio) = (degreesOfFreedom / 2, t / degreesOfFreedom.squareRoot())
        guard ratio > 0 else { return (0, 0.5) }
        let (x, y) = (1 / (1 + ratio * ratio), 1 / (1 + 1 / (ratio * ratio)))
        let front = exp(-a * logOnePlusRatio(t) + 0.5 * log(y) - logBeta)
        if x < (a + 1) / (a + 2.5) {
            let tail = 0.5 * front * betaFraction(a, 0.5, x) / a
            return (0.5 - tail, tail)
        }
        let central = front * betaFraction(0.5, a, y)
        return (central, 0.5 - central)
    }

    /// The standard normal z with P(Z > z) = P(T > t), to O(ν⁻⁴) relative (Hill, 1970).
    private func hillScore(_ t: Double) -> Double {
        guard degreesOfFreedom < .infinity else { return t }
        let a = degreesOfFreedom - 0.5
        let b = 48 * a * a
        let square = a * logOnePlusRatio(t)
        let w = square.squareRoot()
        let higher =
            w * (855 + square * (240 + square * (33 + square * 4))) / (10 * b * (b + 0.8 * square * square + 100))
        return w + w * (square + 3) / b - higher
    }

    /// log(1 + t²/ν), also where t² overflows.
    private func logOnePlusRatio(_ t: Double) -> Double {
        let ratio = t / degreesOfFreedom.squareRoot()
        return abs(ratio) < 1e150 ? log1p(ratio * ratio) : 2 * log(abs(t)) - log(degreesOfFreedom)
    }
}

/// log Γ(x + ½) − log Γ(x) for x > 0.
///
/// Asymptotic in 1/x, so that no two large logarithms are subtracted, after raising x by
/// Γ(x + ½)/Γ(x) = x/(x + ½) · Γ(x + 3/2)/Γ(x + 1).
private func logGammaHalfStep(_ x: Double) -> Double {
    guard x < .infinity else { return .infinity }
    var (x, raised) = (x, 0.0)
    while x < 20 {
        raised -= log1p(0.5 / x)
        x += 1
    }
    let square = 1 / (x * x)
    let series = -1.0 / 8 + square * (1.0 / 192 + square * (-1.0 / 640 + square * (17.0 / 14336 - square * 31 / 18432)))
    return raised + 0.5 * log(x) + series / x
}

/// The continued fraction of I_x(a, b) · a B(a, b) / (x^a (1 − x)^b), for x < (a + 1) / (a + b + 2), by Lentz's method.
private func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    func lifted(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / lifted(1 - (a + b) * x / (a + 1))
    var result = d
    for index in 1...10_000 {
        let m = Double(index)
        for coefficient in [
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ] {
            d = 1 / lifted(1 + coefficient * d)
            c = lifted(1 + coefficient / c)
            result *= c * d
        }
        if abs(c * d - 1) <= 1e-16 { break }
    }
    return result
}
