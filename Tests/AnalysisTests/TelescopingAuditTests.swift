// The telescoping audit: the parts add up, published rows come out, and intervals decide what may be said.

import Analysis
import Testing
import Trajectories

@Suite struct TelescopingAuditTests {
    private func randomArms(_ random: inout RandomSource, seeds: Int) throws -> AuditArms {
        func arm() -> [Double] { (0..<seeds).map { _ in random.uniform() } }
        return try AuditArms(frozen: arm(), random: arm(), spurious: arm(), truth: arm())
    }

    /// Four arms whose seeds scatter symmetrically around given means.
    private func arms(_ means: [Double], scatter: Double = 0, seeds: Int = 2) throws -> AuditArms {
        func arm(_ index: Int) -> [Double] {
            (0..<seeds).map { means[index] + ($0 % 2 == 0 ? 1 : -1) * scatter * (index == 2 ? 1 : 0) }
        }
        return try AuditArms(frozen: arm(0), random: arm(1), spurious: arm(2), truth: arm(3))
    }

    @Test func `the parts add up to the whole for any accuracies`() throws {
        for number in 0..<1000 {
            var random = RandomSource(seed: 601, purpose: .testing, step: number)
            let arms = try randomArms(&random, seeds: 2 + random.integer(below: 10))
            let audit = try TelescopingAudit(arms, seed: 1, resamples: 20)
            let sum = audit.null.value + audit.elicitation.value + audit.rewardDesign.value
            #expect(abs(sum - audit.total.value) <= 4e-16, "case \(number)")
            #expect(abs(audit.elicitation.value + audit.rewardDesign.value - audit.naive.value) <= 4e-16)
            let bias = audit.naive.value - audit.rewardDesign.value
            #expect(abs(bias - audit.conflationBias.value) <= 4e-16, "case \(number)")
            func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
            #expect(abs(audit.total.value - (mean(arms.truth) - mean(arms.frozen))) <= 1e-15, "case \(number)")
            #expect(abs(audit.null.value - (mean(arms.random) - mean(arms.frozen))) <= 1e-15, "case \(number)")
            for denominator in TelescopingAudit.Denominator.allCases {
                guard let elicited = audit.elicitationShare(of: denominator),
                    let designed = audit.rewardDesignShare(of: denominator)
                else { continue }
                #expect(abs(elicited + designed - 1) <= 1e-12 * max(1, abs(elicited)), "case \(number)")
                let verdict = audit.verdict(of: denominator)
                #expect((verdict == .elicitationDominated) == (elicited > 0.6), "case \(number)")
                #expect((verdict == .rewardDesignDominated) == (designed > 0.6), "case \(number)")
            }
        }
    }

    @Test func `a table of simulated priors goes from reward design to elicitation`() throws {
        // FROZEN, RANDOM, SPURIOUS, TRUE of a tabular simulator by prior strength, and rd / naive (re-implementation
        // of 2606.05932, rounded to three digits, which the smallest shares feel).
        let rows: [([Double], Double, TelescopingAudit.Verdict)] = [
            ([0.165, 0.165, 0.093, 0.358], 1.38, .rewardDesignDominated),
            ([0.298, 0.299, 0.245, 0.596], 1.18, .rewardDesignDominated),
            ([0.441, 0.444, 0.543, 0.728], 0.65, .rewardDesignDominated),
            ([0.595, 0.595, 0.766, 0.813], 0.21, .elicitationDominated),
            ([0.759, 0.759, 0.876, 0.879], 0.03, .elicitationDominated),
        ]
        for (means, share, verdict) in rows {
            let audit = try TelescopingAudit(arms(means), seed: 3)
            #expect(abs(try #require(audit.rewardDesignShare(of: .naive)) - share) <= 0.01)
            #expect(audit.verdict(of: .naive) == verdict)
            #expect(audit.reporting == .points)
        }
    }

    @Test func `relative to the total the null effect counts as elicited`() throws {
        let audit = try TelescopingAudit(arms([0.2, 0.3, 0.4, 0.6]), seed: 3)
        #expect(abs(try #require(audit.elicitationShare(of: .naive)) - 1.0 / 3) < 1e-14)
        #expect(abs(try #require(audit.elicitationShare(of: .total)) - 0.5) < 1e-14)
        #expect(abs(try #require(audit.rewardDesignShare(of: .total)) - 0.5) < 1e-14)
        #expect(audit.verdict(of: .naive) == .rewardDesignDominated)
        #expect(audit.verdict(of: .total) == .mixed)
    }

    @Test func `where the whole is zero there are no shares`() throws {
        // Spelt with sums whose rounding leaves a remainder of 1e-17.
        let audit = try TelescopingAudit(
            AuditArms(frozen: [0.3, 0.3], random: [0.3, 0.3], spurious: [0.5, 0.5], truth: [0.1 + 0.2, 0.3]), seed: 3)
        #expect(audit.naive.value != 0)
        for denominator in TelescopingAudit.Denominator.allCases {
            #expect(audit.elicitationShare(of: denominator) == nil)
            #expect(audit.rewardDesignShare(of: denominator) == nil)
            #expect(audit.verdict(of: denominator) == nil)
        }
    }

    @Test func `points are given only if the interval of the bias excludes zero`() throws {
        #expect(
            try TelescopingAudit(arms([0.2, 0.2, 0.3, 0.6], scatter: 0.02, seeds: 8), seed: 5).reporting == .points)
        #expect(try TelescopingAudit(arms([0.2, 0.2, 0.3, 0.6], scatter: 0.3, seeds: 8), seed: 5).reporting == .bounds)
        #expect(
            try TelescopingAudit(arms([0.2, 0.3, 0.2, 0.6], scatter: 0.02, seeds: 8), seed: 5).reporting == .points)
        #expect(try TelescopingAudit(arms([0.2, 0.2, 0.2, 0.6]), seed: 5).reporting == .bounds)
        // The decision is that of the interval, whatever the numbers.
        for number in 0..<1000 {
            var random = RandomSource(seed: 602, purpose: .testing, step: number)
            let audit = try TelescopingAudit(randomArms(&random, seeds: 6), seed: UInt64(number), resamples: 50)
            let bias = audit.conflationBias
            #expect(bias.lower <= bias.upper && bias.problems == 6)
            #expect((audit.reporting == .bounds) == (bias.lower...bias.upper).contains(0), "case \(number)")
        }
    }

    @Test func `a bias of nothing is seldom given points, though oftener than nominal, and one of much nearly always`()
        throws
    {
        var (points, found) = (0, 0)
        for number in 0..<1000 {
            var random = RandomSource(seed: 603, purpose: .testing, step: number)
            func arm(_ mean: Double) -> [Double] { (0..<12).map { _ in mean + 0.05 * random.normalPair().0 } }
            let without = try AuditArms(frozen: arm(0.3), random: arm(0.3), spurious: arm(0.3), truth: arm(0.5))
            if try TelescopingAudit(without, seed: UInt64(number)).reporting == .points { points += 1 }
            let with = try AuditArms(frozen: arm(0.3), random: arm(0.3), spurious: arm(0.4), truth: arm(0.5))
            if try TelescopingAudit(with, seed: UInt64(number)).reporting == .points { found += 1 }
        }
        // The percentile bootstrap of 12 seeds is too narrow: 9 of 100 instead of 5; four standard errors are 36.
        #expect((57...129).contains(points), "\(points)")
        #expect(found >= 980, "\(found)")
    }

    @Test func `effects share their resamples, so the interval of the whole is that of its parts`() throws {
        var random = RandomSource(seed: 604, purpose: .testing)
        let frozen = (0..<9).map { _ in random.uniform() }
        let truth = (0..<9).map { _ in random.uniform() }
        // Where two arms are the same, the total is the one effect that is left, interval and all.
        let audit = try TelescopingAudit(
            AuditArms(frozen: frozen, random: frozen, spurious: frozen, truth: truth), seed: 8)
        #expect(audit.rewardDesign == audit.total && audit.naive == audit.total)
        #expect(audit.null == Estimate(value: 0, lower: 0, upper: 0, problems: 9))
        #expect(audit.reporting == .bounds)
        let again = try TelescopingAudit(
            AuditArms(frozen: frozen, random: frozen, spurious: frozen, truth: truth), seed: 8)
        #expect(again == audit)
    }

    @Test func `arms that cannot be compared are refused`() {
        #expect(
            message { _ = try AuditArms(frozen: [0.1, 0.2], random: [0.1], spurious: [0.1, 0.2], truth: [0.1, 0.2]) }
                == "a telescoping audit compares seed by seed and was given [2, 1, 2, 2] accuracies; "
                + "run every arm with the same seeds")
        #expect(
            message { _ = try AuditArms(frozen: [0.1], random: [0.1], spurious: [0.1], truth: [0.1]) }
                == "a telescoping audit needs at least two seeds for an interval, got 1")
        #expect(
            message {
                _ = try AuditArms(frozen: [0, 0], random: [0, 0], spurious: [0, .nan], truth: [0, 0])
            } == "a telescoping audit has an accuracy that is not finite; leave that seed out of every arm")
        #expect(
            message {
                _ = try TelescopingAudit(
                    AuditArms(frozen: [0, 0], random: [0, 0], spurious: [0, 0], truth: [0, 0]), seed: 1, resamples: 0)
            } != nil)
    }
}
