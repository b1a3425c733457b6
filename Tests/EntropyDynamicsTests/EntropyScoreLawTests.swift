// The entropy–score law: exact on exact data, its extrapolation error, and the coverage of its intervals.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct EntropyScoreLawTests {
    @Test func `noiseless points give back a, b, ceiling, slope and inverse`() throws {
        try forRandomCases(seed: 521) { random, number in
            let (a, b) = (0.05 + random.uniform(), random.normalPair().0)
            let entropies = (0..<(3 + random.integer(below: 40))).map { _ in 3 * random.uniform() }
            let law = try EntropyScoreLaw(entropies: entropies, scores: entropies.map { -a * exp($0) + b })
            // Three entropies may lie close together; the line is then as uncertain as rounding makes it.
            let spread = (law.line.spread / Double(entropies.count)).squareRoot()
            let tolerance = 1e-12 * (1 + 1 / spread)
            #expect(isClose(law.a, a, absolute: tolerance), "case \(number)")
            #expect(isClose(law.b, b, absolute: 20 * tolerance), "case \(number)")
            #expect(isClose(law.ceiling, b - a, absolute: 20 * tolerance), "case \(number)")
            let entropy = 0.1 + 2 * random.uniform()
            let step = 1e-4
            let difference =
                (law.score(atEntropy: entropy + step) - law.score(atEntropy: entropy - step)) / (2 * step)
            #expect(isClose(law.slope(atEntropy: entropy), difference, absolute: 1e-7), "case \(number)")
            let found = try #require(law.entropy(atScore: law.score(atEntropy: entropy)))
            #expect(isClose(found, entropy, absolute: 1e-11 * (1 + 1 / a)), "case \(number)")
            #expect(law.entropy(atScore: law.ceiling + 0.01) == nil, "case \(number)")
        }
    }

    @Test func `a rising law is inverted as well and a level one not at all`() throws {
        let rising = try EntropyScoreLaw(entropies: [0, 1, 2], scores: [0, 1, 2].map { 0.1 * exp($0) })
        #expect(rising.a < 0)
        #expect(isClose(try #require(rising.entropy(atScore: 0.1 * exp(1.5))), 1.5, absolute: 1e-12))
        #expect(rising.entropy(atScore: 0.05) == nil)
        let level = try EntropyScoreLaw(entropies: [0, 1, 2], scores: [0.5, 0.5, 0.5])
        #expect(level.entropy(atScore: 0.6) == nil && level.entropy(atScore: 0.5) == nil)
    }

    @Test func `36 points at entropies 0_6 to 1 know the score at 0_05 to 0_76 points`() throws {
        let entropies = (0..<36).map { 0.6 + 0.4 * Double($0) / 35 }
        // Independent of the fit: Var = σ² Σ l_i² for the weights l_i of each score in the extrapolated value.
        let x = entropies.map { exp($0) }
        let mean = x.reduce(0, +) / 36
        let spread = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let weights = x.map { 1.0 / 36 + (exp(0.05) - mean) * ($0 - mean) / spread }
        let exact = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(exact - 0.76) < 0.005, "\(exact)")
        var (sum, square, variance) = (0.0, 0.0, 0.0)
        try forRandomCases(4_000, seed: 522) { random, _ in
            let scores = entropies.map { 60 - 10 * exp($0) + random.normalPair().0 }
            let law = try EntropyScoreLaw(entropies: entropies, scores: scores)
            let error = law.score(atEntropy: 0.05) - (60 - 10 * exp(0.05))
            sum += error
            square += error * error
            variance += pow(law.standardError(atEntropy: 0.05), 2)
        }
        #expect(abs(sum / 4_000) < 4 * exact / 4_000.0.squareRoot())
        #expect(isClose((square / 4_000).squareRoot(), exact, absolute: 0, relative: 0.045))
        #expect(isClose((variance / 4_000).squareRoot(), exact, absolute: 0, relative: 0.02))
    }

    /// Shares of intervals that held what they should, over seeded synthetic runs whose entropy falls from 1 to 0.6.
    private func coverage(
        rho: Double, count: Int, noise: ResidualNoise, target: Double, seed: UInt64
    ) throws -> (prediction: Double, confidence: Double, ceiling: Double) {
        var (new, mean, top) = (0, 0, 0)
        let runs = 4_000
        let entropies = (0..<count).map { 1 - 0.4 * Double($0) / Double(count - 1) }
        try forRandomCases(runs, seed: seed) { random, _ in
            let errors = autoregressiveNoise(&random, count: count, rho: rho)
            let scores = zip(entropies, errors).map { 60 - 10 * exp($0) + $1 }
            let law = try EntropyScoreLaw(entropies: entropies, scores: scores, noise: noise)
            let truth = 60 - 10 * exp(target)
            if try law.predictionInterval(atEntropy: target).contains(truth + random.normalPair().0) { new += 1 }
            if try law.confidenceInterval(atEntropy: target).contains(truth) { mean += 1 }
            if try law.ceilingInterval().contains(50) { top += 1 }
        }
        return (Double(new) / Double(runs), Double(mean) / Double(runs), Double(top) / Double(runs))
    }

    @Test(arguments: [6, 36, 200], [0.05, 0.8])
    func `95 percent intervals hold 93 to 97 percent with independent noise`(count: Int, target: Double) throws {
        let found = try coverage(rho: 0, count: count, noise: .independent, target: target, seed: UInt64(530 + count))
        for share in [found.prediction, found.confidence, found.ceiling] {
            #expect((0.93...0.97).contains(share), "\(found)")
        }
    }

    @Test(arguments: [36, 200])
    func `with remembering noise the corrected intervals hold more`(count: Int) throws {
        for target in [0.05, 0.8] {
            let plain = try coverage(rho: 0.6, count: count, noise: .independent, target: target, seed: 540)
            let corrected = try coverage(rho: 0.6, count: count, noise: .autocorrelated, target: target, seed: 540)
            #expect(abs(corrected.prediction - 0.95) < abs(plain.prediction - 0.95) + 0.01)
            #expect(corrected.confidence > plain.confidence + 0.1, "\(plain) \(corrected)")
        }
    }

    @Test func `the correction costs independent noise little`() throws {
        let found = try coverage(rho: 0, count: 200, noise: .autocorrelated, target: 0.05, seed: 541)
        #expect((0.93...0.97).contains(found.prediction) && (0.93...0.975).contains(found.confidence), "\(found)")
    }

    @Test func `what makes no law is refused`() {
        #expect(refusal { _ = try EntropyScoreLaw(entropies: [1, 0.5], scores: [0, 1]) } != nil)
        #expect(refusal { _ = try EntropyScoreLaw(entropies: [1, 1, 1], scores: [0, 1, 2]) } != nil)
        #expect(refusal { _ = try EntropyScoreLaw(entropies: [1, 2, 800], scores: [0, 1, 2]) } != nil)
        #expect(refusal { _ = try EntropyScoreLaw(entropies: [1, 2, 3], scores: [0, 1]) } != nil)
    }

    @Test func `a law over model size foretells a further model`() throws {
        let sizes = [0.5e9, 1.5e9, 3e9, 7e9, 14e9]
        let exact = try ModelSizeLaw(
            parameterCounts: sizes, a: sizes.map { 0.4 - 0.01 * log($0) }, b: sizes.map { -0.5 + 0.05 * log($0) })
        #expect(isClose(exact.a.slope, -0.01, absolute: 1e-14) && isClose(exact.a.intercept, 0.4, absolute: 1e-12))
        let score = -0.5 + 0.05 * log(32e9) - (0.4 - 0.01 * log(32e9)) * exp(0.3)
        #expect(isClose(exact.score(atEntropy: 0.3, parameterCount: 32e9), score, absolute: 1e-12))
        var hits = 0
        try forRandomCases(4_000, seed: 523) { random, number in
            // A scatter of models that a and b share in part: the ceiling must know their covariance.
            func coefficients(_ size: Double) -> (a: Double, b: Double) {
                let (shared, own) = random.normalPair()
                return (0.4 - 0.01 * log(size) + 0.01 * shared, -0.5 + 0.05 * log(size) + 0.01 * shared + 0.002 * own)
            }
            let small = sizes.map(coefficients)
            let law = try ModelSizeLaw(parameterCounts: sizes, a: small.map(\.a), b: small.map(\.b))
            let large = coefficients(32e9)
            let interval = try law.ceilingInterval(parameterCount: 32e9)
            if interval.contains(large.b - large.a) { hits += 1 }
            let middle = law.ceiling.value(at: log(32e9))
            #expect(isClose(middle, law.score(atEntropy: 0, parameterCount: 32e9), absolute: 1e-12), "case \(number)")
        }
        #expect(abs(Double(hits) / 4_000 - 0.95) < 0.0138, "\(hits)")
    }

    @Test func `a law over model size reads fitted laws and refuses sizes that are none`() throws {
        let entropies = [0.2, 0.5, 0.9, 1.4]
        let laws = try [1.0, 2, 3].map { factor in
            try EntropyScoreLaw(entropies: entropies, scores: entropies.map { factor - 0.1 * factor * exp($0) })
        }
        let law = try ModelSizeLaw(parameterCounts: [exp(1), exp(2), exp(3)], laws: laws)
        #expect(isClose(law.a.slope, 0.1, absolute: 1e-12) && isClose(law.b.slope, 1, absolute: 1e-12))
        #expect(isClose(law.ceiling.slope, 0.9, absolute: 1e-12))
        #expect(
            refusal { _ = try ModelSizeLaw(parameterCounts: [1, 0, 2], a: [1, 1, 1], b: [1, 1, 1]) }
                == "a law over model size needs positive parameter counts, got 0.0 (parameterCounts[1])")
        #expect(refusal { _ = try ModelSizeLaw(parameterCounts: [1, 2, 3], a: [1, 1], b: [1, 1, 1]) } != nil)
        #expect(refusal { _ = try ModelSizeLaw(parameterCounts: [7, 7, 7], a: [1, 1, 2], b: [1, 1, 2]) } != nil)
    }
}
