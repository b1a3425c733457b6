// Fitting the compute law, and saying how far its asymptote is known.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A compute law fitted to one curve by least squares, R0 given.
///
/// A grid over (A, C_mid) with B by least squares on the log-odds (2510.13786, secondary) starts a Levenberg–Marquardt
/// refinement in (ln(A − R0), ln C_mid, ln B). Standard errors and intervals assume independent residuals of equal
/// variance and are derived, not from the paper.
public struct ComputeLawFit: Sendable {
    public let law: ComputeLaw
    /// n, the points that were fitted.
    public let count: Int
    /// Square root of Σ r² / (n − 3).
    public let residualStandardDeviation: Double
    /// Linearised standard errors s √(JᵀJ)⁻¹ of A, ln C_mid and ln B.
    ///
    /// A 95 % interval from that of A holds A in 94 to 96 % of curves seen up to 70 % of their gain or further, in 89 %
    /// of those seen up to half and 84 % up to a third; the profile interval holds it in 94 to 96 % of all (simulated).
    public let standardErrors: (asymptote: Double, logMidpoint: Double, logExponent: Double)
    /// Whether the points rule out, at 95 %, a power law R0 + K C^B that never saturates.
    ///
    /// If not, A has no upper limit: `law` still interpolates, but its asymptote must not be reported.
    public let isAsymptoteDetermined: Bool

    let curve: SigmoidCurve
    let optimum: SigmoidCurve.Minimum

    /// - Parameters:
    ///   - computes: C > 0 of each point, shape [n], in any order.
    ///   - scores: R of each point, shape [n].
    ///   - initialScore: R0; nil takes the score of the point of least compute (before any is dropped) as exact.
    ///   - minimumCompute: points of less compute are left out; the paper drops the early, unstable part.
    /// - Throws: `EntropyDynamicsError` if lengths differ, a number is not finite, a compute not positive, fewer than
    ///   4 different computes remain, or no score lies above R0.
    public init(
        computes: [Double], scores: [Double], initialScore: Double? = nil, minimumCompute: Double = 0
    ) throws {
        try Self.check(computes, scores)
        let first = computes.indices.min { computes[$0] < computes[$1] }.map { scores[$0] }
        let kept = computes.indices.filter { computes[$0] >= minimumCompute }
        guard let baseline = initialScore ?? first, baseline.isFinite else {
            throw EntropyDynamicsError(
                .notANumber, "a compute law needs a finite initial score, got \(initialScore ?? .nan)",
                place: "initialScore")
        }
        let distinct = Set(kept.map { computes[$0] }).count
        guard distinct >= 4 else {
            throw EntropyDynamicsError(
                .tooFew,
                "a compute law has 3 coefficients and needs at least 4 different computes, got \(distinct) of at least "
                    + "\(minimumCompute); drop less of the early part", place: "computes")
        }
        let curve = SigmoidCurve(
            logs: kept.map { log(computes[$0]) }, gains: kept.map { scores[$0] - baseline })
        guard curve.gains.contains(where: { $0 > 0 }), let optimum = curve.minimum() else {
            throw EntropyDynamicsError(
                .noSpread,
                "a compute law needs scores above the initial score \(baseline), found none among "
                    + "\(kept.count); look at the run first", place: "scores")
        }
        law = try ComputeLaw(
            initialScore: baseline, asymptote: baseline + exp(optimum.at.logGain),
            midpoint: exp(optimum.at.logMidpoint), exponent: exp(optimum.at.logExponent))
        self.curve = curve
        self.optimum = optimum
        count = kept.count
        residualStandardDeviation = (optimum.square / Double(count - 3)).squareRoot()
        let variance = curve.normalEquations(at: optimum.at).inverseDiagonal
        let s = residualStandardDeviation
        standardErrors = (
            s * exp(optimum.at.logGain) * variance.x.squareRoot(), s * variance.y.squareRoot(),
            s * variance.z.squareRoot()
        )
        let limit = try Self.limit(curve, optimum, level: 0.95)
        isAsymptoteDetermined = curve.crossing(from: optimum, limit: limit, direction: 1) != nil
    }

    /// A ± t · its linearised standard error: quick, and honest only near the plateau.
    ///
    /// - Throws: `EntropyDynamicsError` unless 0 < level < 1.
    public func linearisedAsymptoteInterval(level: Double = 0.95) throws -> ClosedRange<Double> {
        let factor = try StudentT(degreesOfFreedom: Double(count - 3)).twoSidedFactor(level: level)
        return interval(around: law.asymptote, factor: factor, error: standardErrors.asymptote)
    }

    /// The asymptotes whose best fit is not significantly worse: Σr²(A) ≤ Σr² (1 + t² / (n − 3)), C_mid and B refitted.
    ///
    /// Reaches to ∞ where the curve may as well never saturate, and down to R0 where it may as well not rise.
    /// - Throws: `EntropyDynamicsError` unless 0 < level < 1.
    public func profileAsymptoteInterval(level: Double = 0.95) throws -> ClosedRange<Double> {
        let limit = try Self.limit(curve, optimum, level: level)
        let low = curve.crossing(from: optimum, limit: limit, direction: -1).map { exp($0) } ?? 0
        let high = curve.crossing(from: optimum, limit: limit, direction: 1).map { exp($0) } ?? .infinity
        return law.initialScore + low...law.initialScore + high
    }

    private static func limit(
        _ curve: SigmoidCurve, _ optimum: SigmoidCurve.Minimum, level: Double
    ) throws -> Double {
        let degrees = Double(curve.logs.count - 3)
        let factor = try StudentT(degreesOfFreedom: degrees).twoSidedFactor(level: level)
        // Noiseless points leave rounding errors only, of which the profile must not make anything.
        let rounding = 1e-10 * curve.gains.reduce(0) { max($0, abs($1)) }
        return optimum.square * (1 + factor * factor / degrees) + Double(curve.logs.count) * rounding * rounding
    }

    private static func check(_ computes: [Double], _ scores: [Double]) throws {
        guard computes.count == scores.count else {
            throw EntropyDynamicsError(
                .unequalLengths,
                "a compute law needs a score for each compute: \(scores.count) for \(computes.count)", place: "scores")
        }
        for (index, (compute, score)) in zip(computes, scores).enumerated() {
            guard compute > 0, compute < .infinity, score.isFinite else {
                throw EntropyDynamicsError(
                    .outOfRange,
                    "a compute law needs positive computes and finite scores, got \(compute) and \(score); "
                        + "leave that point out", place: "computes[\(index)]")
            }
        }
    }
}
