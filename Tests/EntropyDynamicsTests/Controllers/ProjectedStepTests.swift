// The entropy-projected step on random vectors: the constraint, minimality, the cap and the guards.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct ProjectedStepTests {
    /// A random gradient, step and diagonal metric whose entries span six orders of magnitude.
    struct Vectors {
        let gradient: [Double]
        let step: [Double]
        let metric: [Double]

        init(_ random: inout RandomSource) {
            let count = 1 + random.integer(below: 40)
            gradient = random.normals(count)
            step = random.normals(count).map { 1e-2 * $0 }
            metric = (0..<count).map { _ in pow(10, random.uniform(in: -3...3)) }
        }

        var predicted: Double { dot(gradient, step) }
        var gradientSquare: Double { zip(gradient, metric).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } }
        /// √(v·P⁻¹v).
        func length(_ v: [Double]) -> Double { zip(v, metric).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }.squareRoot() }
        /// c P∇H.
        func correction(_ coefficient: Double) -> [Double] { zip(gradient, metric).map { coefficient * $0 * $1 } }
        /// Σ |∇H_i v_i|, what rounding errors of ∇H·v are relative to.
        func scale(_ v: [Double]) -> Double { zip(gradient, v).reduce(0) { $0 + abs($1.0 * $1.1) } }
    }

    func solve(_ vectors: Vectors, toward wanted: Double, cap: Double = .infinity) throws -> ProjectedStep.Correction {
        try ProjectedStep(horizon: 1, rateLimit: .infinity, correctionCap: cap).correction(
            toward: wanted, predictedChange: vectors.predicted, gradientSquare: vectors.gradientSquare,
            stepLength: vectors.length(vectors.step))
    }

    @Test func `the corrected step is predicted to give the wanted change to 1e-12`() throws {
        try forRandomCases(seed: 141) { random, number in
            let vectors = Vectors(&random)
            let wanted = random.normalPair().0
            let correction = try solve(vectors, toward: wanted)
            let delta = vectors.correction(correction.coefficient)
            let moved = zip(vectors.step, delta).map { $0 + $1 }
            let tolerance = 1e-12 * (1 + vectors.scale(vectors.step) + vectors.scale(delta))
            #expect(isClose(dot(vectors.gradient, moved), wanted, absolute: tolerance), "case \(number)")
            #expect(correction.outcome == .met && correction.achieved == wanted, "case \(number)")
            #expect(
                isClose(correction.length, vectors.length(delta), absolute: 0, relative: 1e-12), "case \(number)")
        }
    }

    @Test func `no other correction that gives the wanted change is shorter`() throws {
        try forRandomCases(seed: 142) { random, number in
            let vectors = Vectors(&random)
            let wanted = random.normalPair().0
            let shortest = try solve(vectors, toward: wanted)
            let missing = wanted - vectors.predicted
            for attempt in 0..<8 {
                // Any start, then along any direction until the constraint holds; later ones start near the optimum.
                let spread = pow(10, -Double(attempt) / 2)
                let start = zip(vectors.correction(shortest.coefficient), random.normals(vectors.step.count)).map {
                    $0 + spread * $1
                }
                let direction = random.normals(vectors.step.count)
                let slope = dot(vectors.gradient, direction)
                guard abs(slope) > 0.05 else { continue }
                let along = (missing - dot(vectors.gradient, start)) / slope
                let other = zip(start, direction).map { $0 + along * $1 }
                #expect(vectors.length(other) >= shortest.length * (1 - 1e-9), "case \(number)")
            }
        }
    }

    @Test func `a step that already gives the wanted change is left alone`() throws {
        try forRandomCases(seed: 143) { random, number in
            let vectors = Vectors(&random)
            let correction = try solve(vectors, toward: vectors.predicted, cap: 0.5)
            #expect(correction.outcome == .alreadyMet && correction.coefficient == 0, "case \(number)")
            #expect(correction.length == 0 && correction.achieved == vectors.predicted, "case \(number)")
        }
    }

    @Test func `a capped correction has the cap's length and the same direction and falls short`() throws {
        var capped = 0
        try forRandomCases(3_000, seed: 144) { random, number in
            let vectors = Vectors(&random)
            let wanted = random.normalPair().0 * 0.1
            let free = try solve(vectors, toward: wanted)
            let cap = free.length / vectors.length(vectors.step) * pow(10, random.uniform(in: -1...1))
            let correction = try solve(vectors, toward: wanted, cap: cap)
            let longest = cap * vectors.length(vectors.step)
            let delta = vectors.correction(correction.coefficient)
            if free.length > longest * (1 + 1e-12) {
                capped += 1
                #expect(correction.outcome == .capped, "case \(number)")
                #expect(isClose(vectors.length(delta), longest, absolute: 0, relative: 1e-12), "case \(number)")
                #expect(correction.coefficient * free.coefficient > 0, "case \(number)")
                let moved = zip(vectors.step, delta).map { $0 + $1 }
                let change = dot(vectors.gradient, moved)
                let tolerance = 1e-12 * (vectors.scale(vectors.step) + vectors.scale(delta))
                #expect(isClose(correction.achieved, change, absolute: tolerance), "case \(number)")
                #expect(abs(wanted - change) <= abs(wanted - vectors.predicted) + tolerance, "case \(number)")
            } else if free.length < longest * (1 - 1e-12) {
                #expect(correction == free, "case \(number)")
            }
        }
        #expect(capped >= 1_000 && capped <= 2_000, "\(capped)")
    }

    @Test func `what cannot be corrected is left alone and says why`() throws {
        let step = try ProjectedStep(horizon: 1, rateLimit: 1)
        func outcome(_ wanted: Double, _ predicted: Double, _ square: Double, _ length: Double) -> String {
            let found = step.correction(
                toward: wanted, predictedChange: predicted, gradientSquare: square, stepLength: length)
            return found.outcome.rawValue + (found.coefficient == 0 && found.length == 0 ? "" : " \(found.coefficient)")
        }
        #expect(outcome(1, 0, 0, 1) == "no_gradient")
        #expect(outcome(1, 0, .leastNonzeroMagnitude, 1) == "no_gradient")
        #expect(outcome(.nan, 0, 1, 1) == "not_finite")
        #expect(outcome(1, .infinity, 1, 1) == "not_finite")
        #expect(outcome(1, 0, .nan, 1) == "not_finite")
        #expect(outcome(1, 0, -1, 1) == "not_finite")
        #expect(outcome(1, 0, 1, .nan) == "not_finite")
        #expect(outcome(0, 0, 0, 1) == "already_met")
        #expect(outcome(1, 0, 1, 0) == "capped")
        #expect(outcome(0.5, 0, 1, 1) == "met 0.5")
        #expect(outcome(-5, 0, 4, 1) == "capped -0.5")
    }

    @Test func `the wanted change closes the distance in the horizon, within the rate limit`() throws {
        let step = try ProjectedStep(horizon: 4, rateLimit: 0.05)
        #expect(try step.wantedChange(entropy: 0.3, target: 0.4) == (0.4 - 0.3) / 4)
        #expect(try step.wantedChange(entropy: 0.3, target: 3) == 0.05)
        #expect(try step.wantedChange(entropy: 3, target: 0.3) == -0.05)
        try forRandomCases(seed: 145) { random, number in
            // A policy that does what is wanted reaches its target at the rate limit first, then geometrically.
            let (horizon, limit) = (random.uniform(in: 1...10), random.uniform(in: 0.01...0.2))
            let step = try ProjectedStep(horizon: horizon, rateLimit: limit)
            var entropy = random.uniform(in: 0...5)
            let target = random.uniform(in: 0...5)
            var distance = abs(target - entropy)
            for _ in 0..<40 {
                entropy += try step.wantedChange(entropy: entropy, target: target)
                let expected = distance - min(distance / horizon, limit)
                #expect(isClose(abs(target - entropy), expected, absolute: 1e-12), "case \(number)")
                distance = expected
            }
        }
    }

    @Test func `settings it is not defined for are refused`() throws {
        #expect(
            refusal { _ = try ProjectedStep(horizon: 0.5, rateLimit: 1) }
                == "an entropy-projected step needs a finite number of at least 1.0 here, got 0.5 (horizon)")
        #expect(
            refusal { _ = try ProjectedStep(horizon: 1, rateLimit: 0) }
                == "an entropy-projected step needs a number above zero here, or infinity for none, got 0.0 "
                + "(rateLimit)")
        #expect(refusalCode { _ = try ProjectedStep(horizon: 1, rateLimit: 1, correctionCap: .nan) } == .badSetting)
        let step = try ProjectedStep(horizon: 1, rateLimit: 1)
        #expect(refusalCode { _ = try step.wantedChange(entropy: .nan, target: 1) } == .notANumber)
    }
}
