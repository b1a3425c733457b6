// The probabilities at which a token's effect on entropy changes sign.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// S = p (H + log p) from a token's log-probability and its step's entropy (2602.03392, theorem 3.2).
///
/// - Parameters: both in nats; a `logprob` of −∞ gives 0.
public func discriminant(logprob: Double, entropy: Double) -> Double {
    logprob == -.infinity ? 0 : exp(logprob) * (entropy + logprob)
}

extension Categorical {
    /// e^−H: raising one logit lowers entropy exactly when its token is likelier than this (2602.03392).
    public var criticalProbability: Double { exp(-entropy) }

    /// p̃ = exp(−H + W₀(E_p[S] e^H)): the probability at which rewarding a token leaves entropy as it is, to first
    /// order.
    ///
    /// It solves p (H + log p) = E_p[S], so it is never below `criticalProbability`: a policy-gradient step also pushes
    /// the other tokens down, and a token between the two probabilities raises entropy although its own S is positive.
    /// Derived from 2602.03392, theorem 3.3.
    public var breakEvenProbability: Double {
        // E_p[S] ≥ 0 holds exactly; a rounding error below zero would leave the principal branch's natural side.
        exp(-entropy + lambertW0(max(0, expectedDiscriminant) * exp(entropy)))
    }
}

/// W₀(x), the solution w ≥ −1 of w e^w = x, for x ≥ −1/e; NaN below that.
///
/// Halley's iteration from a start with the right behaviour at the branch point, at 0 and at infinity.
public func lambertW0(_ x: Double) -> Double {
    guard x.isFinite else { return x == .infinity ? .infinity : .nan }
    let branchPoint = -exp(-1.0)
    guard x >= branchPoint - 1e-16 else { return .nan }
    if x <= branchPoint { return -1 }
    if x == 0 { return 0 }
    var w: Double
    if x < -0.25 {
        let q = (2 * (M_E * x + 1)).squareRoot()
        w = -1 + q - q * q / 3 + 11 * q * q * q / 72
    } else if x < 3 {
        w = log1p(x) * (1 - log1p(log1p(x)) / (2 + log1p(x)))
    } else {
        w = log(x) - log(log(x))
    }
    for _ in 0..<40 {
        let power = exp(w)
        let residual = w * power - x
        let slope = power * (w + 1)
        let step = residual / (slope - (w + 2) * residual / (2 * w + 2))
        guard step.isFinite else { break }
        w -= step
        if abs(step) <= 1e-16 * (1 + abs(w)) { break }
    }
    return w
}
