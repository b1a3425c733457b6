// The bootstrap: the same seed the same interval, and intervals that hold what they promise.

import Testing
import Trajectories

@testable import Analysis

@Suite struct BootstrapTests {
    @Test func `the same seed gives the same interval, another seed another`() throws {
        let values = (0..<50).map { Double($0 * $0 % 17) }
        let first = try Bootstrap.mean(of: values, seed: 5)
        #expect(try Bootstrap.mean(of: values, seed: 5) == first)
        #expect(try Bootstrap.mean(of: values, seed: 6) != first)
        #expect(first.lower < first.value && first.value < first.upper)
    }

    @Test func `equal values have no spread, and a shift moves the interval with it`() throws {
        #expect(
            try Bootstrap.mean(of: [0.5, 0.5, 0.5], seed: 1)
                == Estimate(value: 0.5, lower: 0.5, upper: 0.5, problems: 3))
        let values = (0..<64).map { Double($0 % 8) }
        let here = try Bootstrap.mean(of: values, seed: 9)
        let there = try Bootstrap.mean(of: values.map { $0 + 4 }, seed: 9)
        #expect(there.lower == here.lower + 4)
        #expect(there.upper == here.upper + 4)
    }

    @Test func `the interval has the width of the normal one when there are many problems`() throws {
        let values = (0..<1000).map { Double($0 % 2) }
        let estimate = try Bootstrap.mean(of: values, seed: 2)
        let expected = 1.96 * 0.5 / 1000.0.squareRoot()
        #expect(abs((estimate.upper - estimate.lower) / 2 / expected - 1) < 0.05)
    }

    @Test func `about 95 of 100 intervals hold the true mean`() throws {
        // Each problem has its own chance, uniform in 0..1, and 8 samples: the true mean is one half.
        let trials = 1000
        var hits = 0
        for trial in 0..<trials {
            var random = RandomSource(seed: 11, purpose: .testing, step: trial)
            let outcomes = try (0..<40).map { _ in
                let chance = random.uniform()
                return try ProblemOutcome((0..<8).map { _ in random.uniform() < chance })
            }
            let estimate = try PassAtK.average(outcomes, seed: UInt64(trial), resamples: 400)
            if (estimate.lower...estimate.upper).contains(0.5) { hits += 1 }
        }
        #expect((0.92...0.97).contains(Double(hits) / Double(trials)), "\(hits)")
    }

    @Test func `quantiles lie between order statistics`() {
        let sorted = [0.0, 10, 20, 30]
        #expect(Bootstrap.quantile(0, ofSorted: sorted) == 0)
        #expect(Bootstrap.quantile(1, ofSorted: sorted) == 30)
        #expect(Bootstrap.quantile(0.5, ofSorted: sorted) == 15)
        #expect(abs(Bootstrap.quantile(0.1, ofSorted: sorted) - 3) < 1e-12)
        #expect(Bootstrap.quantile(0.975, ofSorted: [7]) == 7)
    }

    @Test func `nothing, no numbers and no resamples are refused`() {
        #expect(
            message { _ = try Bootstrap.mean(of: [], seed: 1) } == "mean needs at least one problem; none was given")
        #expect(
            message { _ = try Bootstrap.mean(of: [.nan], seed: 1) }
                == "mean cannot be averaged: a value is not finite; leave that problem out")
        #expect(message { _ = try Bootstrap.mean(of: [1], seed: 1, resamples: 0) } != nil)
    }
}
