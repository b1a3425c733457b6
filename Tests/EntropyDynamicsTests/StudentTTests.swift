// Student's t against closed forms, finite sums for whole degrees of freedom, and tables.

import Foundation
import Testing
import Trajectories

@testable import EntropyDynamics

@Suite struct StudentTTests {
    /// P(|T| < t) for whole ν by the finite trigonometric sums (Abramowitz & Stegun 26.7.3 and 26.7.4).
    private func between(_ t: Double, _ nu: Int) -> Double {
        let theta = atan(t / Double(nu).squareRoot())
        let (sine, square) = (sin(theta), 1 / (1 + t * t / Double(nu)))
        if nu == 1 { return 2 * theta / Double.pi }
        var term = nu % 2 == 1 ? square.squareRoot() : 1
        var sum = term
        // Terms cos^j with factors (j − 1)/j: over odd j up to ν − 2, or over even j up to ν − 2.
        for j in stride(from: nu % 2 == 1 ? 3 : 2, through: nu - 2, by: 2) {
            term *= Double(j - 1) / Double(j) * square
            sum += term
        }
        return nu % 2 == 1 ? 2 / Double.pi * (theta + sine * sum) : sine * sum
    }

    @Test func `one, two and four degrees of freedom have their closed forms`() throws {
        let (one, two, four) = (
            try StudentT(degreesOfFreedom: 1), try StudentT(degreesOfFreedom: 2), try StudentT(degreesOfFreedom: 4)
        )
        forRandomCases(seed: 511) { random, number in
            let t = random.normalPair().0 * [0.01, 1, 10, 1e4][random.integer(below: 4)]
            #expect(isClose(one.cumulative(t), 0.5 + atan(t) / Double.pi, absolute: 1e-14), "case \(number)")
            #expect(isClose(two.cumulative(t), 0.5 + 0.5 * t / (2 + t * t).squareRoot(), absolute: 1e-14))
            let u = t / (4 + t * t).squareRoot()
            #expect(isClose(four.cumulative(t), 0.5 + 0.75 * u - 0.25 * u * u * u, absolute: 1e-14), "case \(number)")
            #expect(isClose(one.density(t), 1 / (Double.pi * (1 + t * t)), absolute: 0, relative: 1e-13))
            #expect(isClose(two.density(t), pow(2 + t * t, -1.5), absolute: 0, relative: 1e-13), "case \(number)")
        }
    }

    @Test func `whole degrees of freedom have their finite sums`() throws {
        try forRandomCases(2_000, seed: 512) { random, number in
            let nu = 1 + random.integer(below: [10, 200, 3_000, 60_000][random.integer(below: 4)])
            let t = abs(random.normalPair().0) * [0.1, 1, 5][random.integer(below: 3)]
            let found = try StudentT(degreesOfFreedom: Double(nu)).split(t)
            #expect(isClose(2 * found.central, between(t, nu), absolute: 2e-12), "case \(number): ν \(nu), t \(t)")
            #expect(isClose(found.central + found.tail, 0.5, absolute: 1e-15), "case \(number)")
        }
    }

    @Test func `many degrees of freedom approach the normal distribution like 1 over them`() throws {
        forRandomCases(seed: 513) { random, number in
            let t = random.normalPair().0 * 2
            #expect(isClose(StudentT.normal.cumulative(t), 0.5 * erfc(-t / 2.0.squareRoot()), absolute: 3e-16))
            // First term of the expansion of Fisher: P − Φ = −φ(t) (t³ + t) / (4ν) + O(ν⁻²).
            let nu = 1e7
            let shift = -exp(-t * t / 2) / (2 * Double.pi).squareRoot() * (t * t * t + t) / (4 * nu)
            let found = StudentT(positive: nu).cumulative(t) - StudentT.normal.cumulative(t)
            #expect(isClose(found, shift, absolute: 1e-13), "case \(number)")
            #expect(abs(StudentT(positive: 1e13).cumulative(t) - StudentT.normal.cumulative(t)) < 2e-13)
        }
    }

    @Test func `the series and the continued fraction agree where one takes over`() throws {
        let below = StudentT(positive: StudentT.largestFractionDegrees)
        let above = StudentT(positive: StudentT.largestFractionDegrees.nextUp)
        for t in stride(from: 0.05, through: 8, by: 0.05) {
            let (a, b) = (below.split(t), above.split(t))
            #expect(isClose(a.central, b.central, absolute: 1e-12), "\(t)")
            #expect(isClose(a.tail, b.tail, absolute: 1e-14, relative: 1e-9), "\(t)")
        }
    }

    @Test func `quantiles have their table values`() throws {
        let table: [(Double, Double, Double)] = [
            (1, 0.975, 12.706204736), (2, 0.975, 4.302652730), (5, 0.975, 2.570581836), (10, 0.975, 2.228138852),
            (30, 0.975, 2.042272456), (.infinity, 0.975, 1.959963985), (1, 0.95, 6.313751515), (10, 0.995, 3.169272673),
            (.infinity, 0.995, 2.575829304), (3, 0.9995, 12.923978637),
        ]
        for (nu, p, t) in table {
            let found = try StudentT(degreesOfFreedom: nu)
            #expect(isClose(found.quantile(p), t, absolute: 1e-9), "\(nu), \(p): \(found.quantile(p))")
            #expect(isClose(found.quantile(1 - p), -t, absolute: 1e-9))
            #expect(isClose(try found.twoSidedFactor(level: 2 * p - 1), t, absolute: 1e-8))
        }
    }

    @Test func `quantile and distribution undo each other`() throws {
        try forRandomCases(4_000, seed: 514) { random, number in
            let nu = exp(random.uniform() * 16 - 2)
            let student = try StudentT(degreesOfFreedom: nu)
            let p = [random.uniform(), 1e-6 * random.uniform(), 1 - 1e-6 * random.uniform()][random.integer(below: 3)]
            let t = student.quantile(p)
            let back = student.cumulative(t)
            #expect(isClose(back, p, absolute: 1e-15, relative: 3e-13), "case \(number): ν \(nu), \(p) \(t) \(back)")
            let t2 = random.normalPair().0 * 3
            let (central, tail) = student.split(abs(t2))
            let again = student.quantile(central: central, tail: tail)
            #expect(
                isClose(again, abs(t2), absolute: 1e-12, relative: 1e-11), "case \(number): ν \(nu), \(t2) \(again)")
        }
    }

    @Test func `the density is the slope of the distribution`() throws {
        try forRandomCases(seed: 515) { random, number in
            let student = try StudentT(degreesOfFreedom: exp(random.uniform() * 12 - 1))
            let (t, step) = (random.normalPair().0 * 2, 1e-3)
            // Fourth-order central difference.
            let near = student.cumulative(t + step) - student.cumulative(t - step)
            let far = student.cumulative(t + 2 * step) - student.cumulative(t - 2 * step)
            #expect(isClose((8 * near - far) / (12 * step), student.density(t), absolute: 2e-10), "case \(number)")
        }
    }

    @Test func `a normal score is exceeded as often as the t it stands for`() throws {
        try forRandomCases(seed: 516) { random, number in
            let student = try StudentT(degreesOfFreedom: 1 + 100 * random.uniform())
            let t = random.normalPair().0 * 3
            let z = student.normalScore(t)
            #expect(isClose(StudentT.normal.upperTail(z), student.upperTail(t), absolute: 1e-15, relative: 1e-12))
            #expect((z < 0) == (t < 0) && abs(z) <= abs(t), "case \(number)")
        }
        #expect(StudentT(positive: 1e6).normalScore(1e9) == 37)
        #expect(StudentT(positive: 5).normalScore(0) == 0)
    }

    @Test func `ends and impossible arguments have their values`() throws {
        let student = try StudentT(degreesOfFreedom: 3)
        #expect(student.quantile(0) == -.infinity && student.quantile(1) == .infinity && student.quantile(0.5) == 0)
        #expect(student.quantile(-0.1).isNaN && student.quantile(.nan).isNaN && student.cumulative(.nan).isNaN)
        #expect(student.cumulative(.infinity) == 1 && student.cumulative(-.infinity) == 0)
        #expect(student.cumulative(0) == 0.5)
        // Far out P(T > t) → (ν/t²)^{ν/2} / (ν B(ν/2, ½)) · …: for ν = 1 it is 1/(πt).
        let cauchy = try StudentT(degreesOfFreedom: 1)
        #expect(isClose(cauchy.upperTail(1e200), 1 / (Double.pi * 1e200), absolute: 0, relative: 1e-12))
        #expect(isClose(cauchy.quantile(1e-200), -1e200 / Double.pi, absolute: 0, relative: 1e-12))
        #expect(try StudentT(degreesOfFreedom: 1e-3).quantile(0.9) == .infinity)
        #expect(
            refusal { _ = try StudentT(degreesOfFreedom: 0) }
                == "Student's t needs more than 0 degrees of freedom, got 0.0; give the fit more points "
                + "(degreesOfFreedom)")
        #expect(refusal { _ = try StudentT(degreesOfFreedom: .nan) } != nil)
    }
}
