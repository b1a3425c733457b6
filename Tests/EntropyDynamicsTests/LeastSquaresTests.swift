// The least-squares line: against its defining equations, published values, and the coverage its intervals promise.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

/// Standard normal numbers with lag-1 autocorrelation rho and variance 1.
func autoregressiveNoise(_ random: inout RandomSource, count: Int, rho: Double) -> [Double] {
    var last = random.normalPair().0
    return (0..<count).map { index in
        if index > 0 { last = rho * last + (1 - rho * rho).squareRoot() * random.normalPair().0 }
        return last
    }
}

@Suite struct LeastSquaresTests {
    private func randomLine(_ random: inout RandomSource) -> (x: [Double], y: [Double], w: [Double]) {
        let count = 3 + random.integer(below: 40)
        let (offset, scale) = (random.normalPair().0 * 10, exp(random.normalPair().0))
        let x = (0..<count).map { _ in offset + scale * random.normalPair().0 }
        let (slope, intercept) = random.normalPair()
        let y = x.map { intercept + slope * $0 + random.normalPair().0 * 0.3 }
        return (x, y, x.map { _ in 0.2 + 3 * random.uniform() })
    }

    /// Σ w (y − intercept − slope x)², and the two sums that vanish at its minimum.
    private func sums(
        _ points: (x: [Double], y: [Double], w: [Double]), _ intercept: Double, _ slope: Double
    ) -> (square: Double, plain: Double, moment: Double) {
        var (square, plain, moment) = (0.0, 0.0, 0.0)
        for index in points.x.indices {
            let residual = points.y[index] - intercept - slope * points.x[index]
            square += points.w[index] * residual * residual
            plain += points.w[index] * residual
            moment += points.w[index] * residual * points.x[index]
        }
        return (square, plain, moment)
    }

    @Test func `residuals are orthogonal to the constant and to x, and every other line fits worse`() throws {
        try forRandomCases(seed: 501) { random, number in
            let points = randomLine(&random)
            let fit = try LeastSquares(x: points.x, y: points.y, weights: points.w)
            let best = sums(points, fit.intercept, fit.slope)
            let reach = points.x.reduce(1) { max($0, abs($1)) }
            let size = Double(points.x.count) * (1 + reach) * (1 + abs(fit.slope) + abs(fit.intercept))
            #expect(abs(best.plain) <= 1e-13 * size && abs(best.moment) <= 1e-13 * size * reach, "case \(number)")
            #expect(isClose(fit.residualSumOfSquares, best.square, absolute: 1e-20, relative: 1e-9), "case \(number)")
            let (a, b) = random.normalPair()
            let other = sums(points, fit.intercept + 0.01 * a, fit.slope + 0.01 * b)
            #expect(other.square >= best.square * (1 - 1e-12), "case \(number)")
        }
    }

    @Test func `the covariance is the residual variance times the inverse of the normal matrix`() throws {
        try forRandomCases(seed: 502) { random, number in
            let (x, y, w) = randomLine(&random)
            let fit = try LeastSquares(x: x, y: y, weights: w)
            let (s0, s1) = (w.reduce(0, +), zip(w, x).reduce(0) { $0 + $1.0 * $1.1 })
            let s2 = zip(w, x).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
            let determinant = s0 * s2 - s1 * s1
            let variance = fit.residualSumOfSquares / Double(x.count - 2)
            // The determinant written so loses digits with the offset of x; that bounds the comparison.
            let tolerance = 1e-13 * s0 * s2 / determinant + 1e-12
            let found = fit.coefficientCovariance()
            #expect(isClose(found.slope, variance * s0 / determinant, absolute: 0, relative: tolerance))
            #expect(isClose(found.intercept, variance * s2 / determinant, absolute: 0, relative: tolerance))
            #expect(isClose(found.cross, -variance * s1 / determinant, absolute: 1e-14, relative: tolerance))
            let at = random.normalPair().0 * 5
            let sum = found.intercept + 2 * at * found.cross + at * at * found.slope
            let error = fit.standardError(at: at)
            #expect(isClose(error * error, sum, absolute: 1e-13, relative: 1e-7), "case \(number)")
            let new = fit.predictionStandardDeviation(at: at)
            #expect(isClose(new * new, error * error + variance, absolute: 0, relative: 1e-12), "case \(number)")
        }
    }

    @Test func `a whole weight is that many points, and R squared is the squared correlation`() throws {
        try forRandomCases(seed: 503) { random, number in
            let (x, y, _) = randomLine(&random)
            let times = x.map { _ in 1 + random.integer(below: 4) }
            let weighted = try LeastSquares(x: x, y: y, weights: times.map(Double.init))
            func repeated(_ values: [Double]) -> [Double] {
                zip(values, times).flatMap { [Double](repeating: $0, count: $1) }
            }
            let (longX, longY) = (repeated(x), repeated(y))
            let plain = try LeastSquares(x: longX, y: longY)
            #expect(isClose(weighted.slope, plain.slope, absolute: 1e-12, relative: 1e-12), "case \(number)")
            #expect(isClose(weighted.intercept, plain.intercept, absolute: 1e-11, relative: 1e-11), "case \(number)")
            #expect(isClose(weighted.residualSumOfSquares, plain.residualSumOfSquares, relative: 1e-10))
            let n = Double(longX.count)
            let (mx, my) = (longX.reduce(0, +) / n, longY.reduce(0, +) / n)
            let xy = zip(longX, longY).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
            let xx = longX.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }
            let yy = longY.reduce(0) { $0 + ($1 - my) * ($1 - my) }
            #expect(isClose(plain.rSquared, xy * xy / (xx * yy), absolute: 1e-12), "case \(number)")
        }
    }

    @Test func `Anscombe's first set has its published line`() throws {
        let x: [Double] = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
        let fit = try LeastSquares(x: x, y: y)
        #expect(isClose(fit.slope, 0.500091, absolute: 5e-7))
        #expect(isClose(fit.intercept, 3.000091, absolute: 5e-7))
        #expect(isClose(fit.coefficientCovariance().slope.squareRoot(), 0.117906, absolute: 5e-7))
        #expect(isClose(fit.coefficientCovariance().intercept.squareRoot(), 1.124747, absolute: 5e-7))
        #expect(isClose(fit.rSquared, 0.666542, absolute: 5e-7))
        #expect(isClose(fit.residualStandardDeviation(), 1.236603, absolute: 5e-7))
    }

    @Test func `a far offset costs no digits`() throws {
        let x = (0..<20).map { Double($0) / 4 }
        let y = x.map { 3 - 2 * $0 + sin(7 * $0) }
        let here = try LeastSquares(x: x, y: y)
        // 2^30 is added without rounding to quarters.
        let there = try LeastSquares(x: x.map { $0 + 0x1p30 }, y: y)
        #expect(isClose(here.slope, there.slope, absolute: 1e-14))
        #expect(isClose(here.value(at: 1.5), there.value(at: 0x1p30 + 1.5), absolute: 1e-13))
        #expect(isClose(here.residualSumOfSquares, there.residualSumOfSquares, absolute: 1e-12))
    }

    @Test(arguments: [0, 0.3, 0.6])
    func `residual autocorrelation is found, low by its known bias, and shortens the series`(rho: Double) throws {
        var sum = 0.0
        let (count, runs) = (200, 4_000)
        try forRandomCases(runs, seed: 504) { random, number in
            let x = (0..<count).map { Double($0) / Double(count) }
            let noise = autoregressiveNoise(&random, count: count, rho: rho)
            let fit = try LeastSquares(x: x, y: zip(x, noise).map { 2 * $0 + $1 })
            sum += fit.residualAutocorrelation
            let effective = fit.effectiveCount(.autocorrelated)
            #expect(fit.effectiveCount() == Double(count) && effective <= Double(count), "case \(number)")
            // The bias taken off the ρ behind n_eff gives r again.
            let used = (Double(count) - effective) / (Double(count) + effective)
            let back = used - (2 + 4 * used) / Double(count)
            if used > 0 { #expect(isClose(back, fit.residualAutocorrelation, absolute: 1e-12), "case \(number)") }
        }
        // The bias, 0.01 to 0.022, holds to order 1/n; four standard errors of the mean are 0.0044.
        #expect(isClose(sum / Double(runs), rho - (2 + 4 * rho) / Double(count), absolute: 0.006), "\(sum)")
    }

    @Test func `residuals that change sign cost nothing, and slow ones leave no points at all`() throws {
        let zigzag = try LeastSquares(x: [0, 1, 2, 3, 4, 5], y: [1, -1, 1, -1, 1, -1])
        #expect(zigzag.residualAutocorrelation < -0.5)
        #expect(zigzag.effectiveCount(.autocorrelated) == 6)
    }

    @Test func `95 of 100 intervals hold the true slope, however few points`() throws {
        for count in [3, 5, 30] {
            var hits = 0
            try forRandomCases(4_000, seed: UInt64(505 + count)) { random, _ in
                let x = (0..<count).map { _ in random.normalPair().0 }
                let fit = try LeastSquares(x: x, y: x.map { 1.5 * $0 + random.normalPair().0 })
                if try fit.slopeInterval().contains(1.5) { hits += 1 }
            }
            // Four standard errors of a proportion at 4,000 trials.
            #expect(abs(Double(hits) / 4_000 - 0.95) < 0.0138, "\(count) points: \(hits)")
        }
    }

    @Test func `without residuals a line is certain, without effective points it knows nothing`() throws {
        let exact = try LeastSquares(x: [0, 1, 2, 3], y: [1, 3, 5, 7])
        #expect(exact.slope == 2 && exact.intercept == 1 && exact.residualSumOfSquares == 0 && exact.rSquared == 1)
        #expect(exact.residualAutocorrelation == 0)
        #expect(try exact.predictionInterval(at: 10) == 21...21)
        let bowed = try LeastSquares(x: (0..<9).map(Double.init), y: (0..<9).map { Double(($0 - 4) * ($0 - 4)) })
        #expect(bowed.degreesOfFreedom(.autocorrelated) <= 0)
        #expect(bowed.standardError(at: 0, .autocorrelated) == .infinity)
        #expect(bowed.residualStandardDeviation(.autocorrelated) == .infinity)
        #expect(try bowed.predictionInterval(at: 0, .autocorrelated) == -.infinity ... .infinity)
        #expect(try LeastSquares(x: [0, 1, 2, 4], y: [1, 3, 2, 4]).effectiveCount(.autocorrelated) == 0)
        let level = try LeastSquares(x: [0, 1, 2], y: [5, 5, 5])
        #expect(level.rSquared.isNaN && level.slope == 0)
    }

    @Test func `what determines no line is refused in one sentence`() {
        #expect(
            refusal { _ = try LeastSquares(x: [1, 2], y: [1, 2]) }
                == "a line with an error estimate needs at least 3 points, got 2; wait for more (x)")
        #expect(
            refusal { _ = try LeastSquares(x: [0.1, 0.1, 0.1], y: [1, 2, 3]) }
                == "a line through 3 points needs different x, all are about 0.1; let x vary (x)")
        #expect(
            refusal { _ = try LeastSquares(x: [1, 2, 3], y: [1, .nan, 3]) }
                == "a line needs finite numbers, got nan; leave that point out (y[1])")
        #expect(refusal { _ = try LeastSquares(x: [1, 2, 3], y: [1, 2]) } != nil)
        #expect(refusal { _ = try LeastSquares(x: [1, 2, 3], y: [1, 2, 3], weights: [1, 0, 1]) } != nil)
        #expect(refusal { _ = try LeastSquares(x: [1e200, 2e200, -1e200], y: [1, 2, 3]) } != nil)
        #expect(
            refusal { _ = try LeastSquares(x: [1, 2, 4], y: [1, 2, 3]).predictionInterval(at: 1, level: 1) }
                == "an interval needs a level between 0 and 1, got 1.0; 0.95 is usual (level)")
    }
}
