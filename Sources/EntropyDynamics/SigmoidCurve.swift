// Least squares of a rising sigmoid over log compute: the grid that starts it and the steps that refine it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Points (ln C, R − R0) and the sum of squares of f = e^g / (1 + e^{−u}), u = e^k (ln C − m).
struct SigmoidCurve: Sendable {
    /// Coefficients whose exponentials are positive by nature.
    struct Coefficients: Sendable {
        /// g = ln(A − R0).
        var logGain: Double
        /// m = ln C_mid.
        var logMidpoint: Double
        /// k = ln B.
        var logExponent: Double
    }

    struct Minimum: Sendable {
        var at: Coefficients
        /// Σ r².
        var square: Double
    }

    let logs: [Double]
    let gains: [Double]

    /// Σ r².
    func square(at c: Coefficients) -> Double {
        let (gain, exponent) = (exp(c.logGain), exp(c.logExponent))
        return logs.indices.reduce(0) {
            let residual = gains[$1] - gain / (1 + exp(-exponent * (logs[$1] - c.logMidpoint)))
            return $0 + residual * residual
        }
    }

    /// The least squares of all three coefficients; nil if no gain is positive.
    func minimum() -> Minimum? {
        starts().map { refined($0, isGainFree: true) }.min { $0.square < $1.square }
    }

    /// The best few points of a grid over A and C_mid, B by weighted least squares on ln(y/(G − y)) = B (ln C − m).
    private func starts() -> [Coefficients] {
        guard let low = logs.min(), let high = logs.max(), let top = gains.max(), top > 0 else { return [] }
        var candidates: [Minimum] = []
        for factor in [0.8, 0.9, 0.97, 1.001, 1.02, 1.05, 1.1, 1.2, 1.4, 1.8, 2.5, 4, 8, 20, 60] {
            let gain = top * factor
            // The delta method gives a log-odds the weight (s (1 − s))², s = y/G.
            let odds = zip(logs, gains).filter { $0.1 > 0 && $0.1 < gain }
                .map { (log: $0.0, odds: log($0.1 / (gain - $0.1)), share: $0.1 / gain) }
            for step in -4...16 {
                let midpoint = low + (high - low) * Double(step) / 8
                var (cross, square) = (0.0, 0.0)
                for point in odds {
                    let root = point.share * (1 - point.share)
                    cross += root * root * (point.log - midpoint) * point.odds
                    square += root * root * (point.log - midpoint) * (point.log - midpoint)
                }
                let exponent = cross / square
                guard exponent > 0, exponent < .infinity else { continue }
                let at = Coefficients(logGain: log(gain), logMidpoint: midpoint, logExponent: log(exponent))
                candidates.append(Minimum(at: at, square: self.square(at: at)))
            }
        }
        let middle = Coefficients(logGain: log(top), logMidpoint: 0.5 * (low + high), logExponent: 0)
        return candidates.sorted { $0.square < $1.square }.prefix(4).map(\.at) + [middle]
    }

    /// Levenberg–Marquardt from a start, with the gain free or held.
    func refined(_ start: Coefficients, isGainFree: Bool) -> Minimum {
        var best = Minimum(at: start, square: square(at: start))
        var damping = 1e-3
        for _ in 0..<300 where damping < 1e12 {
            let equations = normalEquations(at: best.at, isGainFree: isGainFree)
            guard let step = equations.step(damping: damping) else {
                damping *= 10
                continue
            }
            // Under strong damping a small gain says nothing: the step was small.
            if damping <= 1, (equations.slope * step).sum() <= 1e-14 * best.square { break }
            // A step of more than e² in one coefficient has left the range of the linearisation.
            let shrink = min(1, 2 / max(abs(step.x), abs(step.y), abs(step.z)))
            let at = Coefficients(
                logGain: best.at.logGain + shrink * step.x, logMidpoint: best.at.logMidpoint + shrink * step.y,
                logExponent: best.at.logExponent + shrink * step.z)
            let found = square(at: at)
            guard found < best.square else {
                damping *= 10
                continue
            }
            best = Minimum(at: at, square: found)
            damping = max(1e-12, damping / 10)
        }
        return best
    }

    /// JᵀJ and Jᵀr in the order (g, m, k); a held gain has the row of the identity.
    func normalEquations(at c: Coefficients, isGainFree: Bool = true) -> NormalEquations {
        let (gain, exponent) = (exp(c.logGain), exp(c.logExponent))
        var equations = NormalEquations()
        for index in logs.indices {
            let u = exponent * (logs[index] - c.logMidpoint)
            let share = 1 / (1 + exp(-u))
            let bend = gain * share / (1 + exp(u))
            let row = SIMD3(isGainFree ? gain * share : 0, -exponent * bend, bend == 0 ? 0 : u * bend)
            equations.add(row, residual: gains[index] - gain * share)
        }
        if !isGainFree { equations.rows[0].x = 1 }
        return equations
    }
}
