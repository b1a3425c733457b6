// Intervals over seeds and problems: what they come to in cases with an answer, and how often they hold the truth.

import Testing
import Trajectories

@testable import Analysis

@Suite struct CrossedBootstrapTests {
    @Test func `with one seed, or equal seeds, it is the bootstrap over problems`() throws {
        let values = (0..<40).map { Double($0 * $0 % 7) }
        let plain = try Bootstrap.mean(of: values, seed: 4)
        #expect(try CrossedBootstrap.mean(of: [values], seed: 4) == plain)
        let three = try CrossedBootstrap.mean(of: [values, values, values], seed: 4)
        for (a, b) in [(three.value, plain.value), (three.lower, plain.lower), (three.upper, plain.upper)] {
            #expect(abs(a - b) < 1e-12)
        }
    }

    @Test func `seeds that differ alike on every problem are drawn again themselves`() throws {
        // without scatter over problems a resample is the mean of three draws from {0, 3, 6}: all 0 once in 27
        let estimate = try CrossedBootstrap.mean(of: [[0, 0], [3, 3], [6, 6]], seed: 1)
        #expect(estimate.value == 3 && estimate.lower == 0 && estimate.upper == 6)
    }

    @Test func `intervals over many seeds and problems hold the true mean about as often as they say`() throws {
        // value = problem's own level + seed's own level + noise, each of deviation 1 around 0: the true mean is 0
        let trials = 300
        var hits = 0
        for trial in 0..<trials {
            var random = RandomSource(seed: 3, purpose: .testing, step: trial)
            func normalish() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + random.uniform() } }
            let problems = (0..<30).map { _ in normalish() }
            let values = (0..<20).map { _ in
                let seed = normalish()
                return problems.map { $0 + seed + normalish() }
            }
            let estimate = try CrossedBootstrap.mean(of: values, seed: UInt64(trial), resamples: 300)
            if (estimate.lower...estimate.upper).contains(0) { hits += 1 }
        }
        #expect((0.90...0.98).contains(Double(hits) / Double(trials)), "\(hits)")
    }

    @Test func `nothing, ragged rows and no numbers are refused`() {
        for values: [[Double]] in [[], [[]], [[1, 2], [1]], [[1, .nan]]] {
            #expect(throws: AnalysisError.self) { try CrossedBootstrap.mean(of: values, seed: 1) }
        }
        #expect(throws: AnalysisError.self) { try CrossedBootstrap.mean(of: [[1]], seed: 1, resamples: 0) }
    }
}
