// What the exponential is beyond its first Taylor terms, without the cancellation of writing it so.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// e^x − Σ_{j ≤ order} x^j / j!, accurate to rounding for every x ≥ 0 and, at order 1, for negative x as well.
///
/// At order 1 it is never negative; with x = −log(p/q) and weight p it is one term of KL(p‖q).
func exponentialRemainder(_ x: Double, order: Int) -> Double {
    var leading = 1.0
    var polynomial = 1.0
    for power in 1...order {
        leading *= x / Double(power)
        polynomial += leading
    }
    guard abs(x) < 1 else { return x > 700 ? exp(x) : exp(x) - polynomial }
    // x^{n+1}/(n+1)! · (1 + x/(n+2) (1 + x/(n+3) (…))): twenty factors reach rounding for |x| < 1.
    var nested = 1.0
    for power in stride(from: order + 20, through: order + 2, by: -1) { nested = 1 + x / Double(power) * nested }
    return leading * x / Double(order + 1) * nested
}
