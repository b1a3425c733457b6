// The regime-change detector: its forecasts, its sums, its false alarms and what it finds.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

/// A run whose entropy falls from 1 to 0.6 over the fitted points and on to 0.05 over the watched ones.
private struct SyntheticRun {
    var entropies: [Double]
    var scores: [Double]
    var fitted: Int

    init(
        _ random: inout RandomSource, fitted: Int = 36, watched: Int = 200, rho: Double = 0, shift: Double = 0,
        shiftAt: Int = .max
    ) {
        let count = fitted + watched
        entropies = (0..<count).map { index -> Double in
            let fallen = Double(index) / Double(fitted)
            let fallenOn = Double(index - fitted) / Double(max(1, watched))
            return index < fitted ? 1 - 0.4 * fallen : 0.6 - 0.55 * fallenOn
        }
        let noise = autoregressiveNoise(&random, count: count, rho: rho)
        scores = zip(entropies, noise).map { 60 - 10 * exp($0) + $1 }
        if shiftAt < watched {
            for index in (fitted + shiftAt)..<count { scores[index] += shift }
        }
        self.fitted = fitted
    }

    func law(_ noise: ResidualNoise = .independent) throws -> EntropyScoreLaw {
        try EntropyScoreLaw(
            entropies: Array(entropies[..<fitted]), scores: Array(scores[..<fitted]), noise: noise)
    }

    func detector(_ noise: ResidualNoise = .independent, threshold: Double = 7) throws -> RegimeChangeDetector {
        try RegimeChangeDetector(law: law(noise), threshold: threshold)
    }

    /// The alarm over the watched points.
    func alarm(_ detector: RegimeChangeDetector) throws -> RegimeChange? {
        var detector = detector
        for index in fitted..<entropies.count where detector.change == nil {
            try detector.step(entropy: entropies[index], score: scores[index])
        }
        return detector.change
    }
}

@Suite struct RegimeChangeTests {
    @Test func `each score is the residual of a law refitted to all points before it`() throws {
        try forRandomCases(seed: 551) { random, number in
            let run = SyntheticRun(&random, fitted: 4 + random.integer(below: 20), watched: 12)
            var detector = try run.detector(threshold: 1e6)
            for index in run.fitted..<run.entropies.count {
                let law = try EntropyScoreLaw(
                    entropies: Array(run.entropies[..<index]), scores: Array(run.scores[..<index]))
                let entropy = run.entropies[index]
                let t =
                    (run.scores[index] - law.score(atEntropy: entropy))
                    / law.predictionStandardDeviation(atEntropy: entropy)
                let p = try StudentT(degreesOfFreedom: Double(index - 2)).cumulative(t)
                try detector.step(entropy: entropy, score: run.scores[index])
                #expect(
                    isClose(StudentT.normal.cumulative(detector.lastScore), p, absolute: 1e-9),
                    "case \(number), point \(index)")
            }
        }
    }

    @Test func `under the law the scores are independent standard normal, from five points on`() throws {
        var (sum, square, lagged, beyond, count) = (0.0, 0.0, 0.0, 0.0, 0.0)
        try forRandomCases(4_000, seed: 552) { random, _ in
            let run = SyntheticRun(&random, fitted: 5, watched: 30)
            var detector = try run.detector(threshold: 1e6)
            var last = 0.0
            for index in run.fitted..<run.entropies.count {
                try detector.step(entropy: run.entropies[index], score: run.scores[index])
                let z = detector.lastScore
                sum += z
                square += z * z
                lagged += z * last
                beyond += abs(z) > 1.959964 ? 1 : 0
                count += 1
                last = z
            }
        }
        // Four standard errors over 120,000 numbers.
        #expect(abs(sum / count) < 0.0116 && abs(square / count - 1) < 0.0164, "\(sum / count) \(square / count)")
        #expect(abs(lagged / count) < 0.0116, "\(lagged / count)")
        #expect(abs(beyond / count - 0.05) < 0.0026, "\(beyond / count)")
    }

    @Test func `the sums, the alarm and the onset are those of their definition`() throws {
        var alarms = 0
        try forRandomCases(2_000, seed: 553) { random, number in
            let run = SyntheticRun(&random, fitted: 20, watched: 60, shift: random.normalPair().0 * 2, shiftAt: 30)
            let (slack, threshold) = (0.2 + random.uniform(), 2 + 4 * random.uniform())
            var detector = try RegimeChangeDetector(law: run.law(), slack: slack, threshold: threshold)
            var scores: [Double] = []
            for index in run.fitted..<run.entropies.count {
                let before = detector.change
                let found = try detector.step(entropy: run.entropies[index], score: run.scores[index])
                if before != nil {
                    #expect(found == before, "case \(number)")
                    continue
                }
                scores.append(detector.lastScore)
                // The largest sum of z − k over any stretch ending here, the empty one included.
                var (above, below, aboveOnset, belowOnset) = (0.0, 0.0, scores.count, scores.count)
                var (up, down) = (0.0, 0.0)
                for start in scores.indices.reversed() {
                    up += scores[start] - slack
                    down += -scores[start] - slack
                    if up > above { (above, aboveOnset) = (up, start) }
                    if down > below { (below, belowOnset) = (down, start) }
                }
                #expect(isClose(detector.sums.above, above, absolute: 1e-11), "case \(number)")
                #expect(isClose(detector.sums.below, below, absolute: 1e-11), "case \(number)")
                let isAlarm = max(above, below) > threshold
                #expect((found != nil) == isAlarm, "case \(number)")
                guard let found else { continue }
                alarms += 1
                #expect(found.index == scores.count - 1, "case \(number)")
                #expect(found.direction == (above > below ? .above : .below), "case \(number)")
                #expect(found.onset == (above > below ? aboveOnset : belowOnset), "case \(number)")
            }
            #expect(detector.count == 60, "case \(number)")
        }
        #expect(alarms >= 1_000)
    }

    /// Where a one-sided CUSUM of independent normal numbers is after `steps` without alarm, the first entry at zero:
    /// a Markov chain over a grid of values of the sum (Brook & Evans, 1972).
    private func sumDistribution(slack: Double, threshold: Double, steps: Int) -> [Double] {
        let cells = 400
        let width = 2 * threshold / Double(2 * cells - 1)
        let moves = (0..<cells).map { from in
            (0..<cells).map { to -> Double in
                let centre = Double(to - from) * width + slack
                let upper = StudentT.normal.cumulative(centre + width / 2)
                return to == 0 ? upper : upper - StudentT.normal.cumulative(centre - width / 2)
            }
        }
        var chances = [Double](repeating: 0, count: cells)
        chances[0] = 1
        for _ in 0..<steps {
            var next = [Double](repeating: 0, count: cells)
            for from in 0..<cells where chances[from] > 0 {
                let chance = chances[from]
                let row = moves[from]
                for to in 0..<cells { next[to] += chance * row[to] }
            }
            chances = next
        }
        return chances
    }

    private func alarmRate(
        runs: Int = 4_000, seed: UInt64, fitted: Int = 36, rho: Double = 0, noise: ResidualNoise = .independent,
        threshold: Double = 7
    ) throws -> Double {
        var alarms = 0
        try forRandomCases(runs, seed: seed) { random, _ in
            let run = SyntheticRun(&random, fitted: fitted, rho: rho)
            if try run.alarm(run.detector(noise, threshold: threshold)) != nil { alarms += 1 }
        }
        return Double(alarms) / Double(runs)
    }

    @Test(arguments: [5.0, 7])
    func `in-law runs of 200 points raise as many false alarms as theory says`(threshold: Double) throws {
        let oneSided = 1 - sumDistribution(slack: 0.5, threshold: threshold, steps: 200).reduce(0, +)
        // The two sums are never both high, so alarms of either side are nearly independent.
        let expected = 1 - (1 - oneSided) * (1 - oneSided)
        for fitted in [6, 36] {
            let found = try alarmRate(seed: UInt64(560 + fitted), fitted: fitted, threshold: threshold)
            let error = (expected * (1 - expected) / 4_000).squareRoot()
            #expect(abs(found - expected) < 4 * error, "\(found) against \(expected)")
        }
        if threshold == 7 { #expect((0.04...0.06).contains(expected), "\(expected)") }
    }

    @Test func `residuals of one frozen fit would raise many false alarms while extrapolating`() throws {
        var alarms = 0
        try forRandomCases(seed: 563) { random, _ in
            let run = SyntheticRun(&random)
            let law = try run.law()
            var (above, below) = (0.0, 0.0)
            for index in run.fitted..<run.entropies.count {
                let entropy = run.entropies[index]
                let z =
                    (run.scores[index] - law.score(atEntropy: entropy))
                    / law.predictionStandardDeviation(atEntropy: entropy)
                (above, below) = (max(0, above + z - 0.5), max(0, below - z - 0.5))
                if max(above, below) > 7 {
                    alarms += 1
                    break
                }
            }
        }
        #expect(alarms > 200, "\(alarms)")
    }

    @Test func `remembering noise needs the long-run variance`() throws {
        let plain = try alarmRate(seed: 564, fitted: 100, rho: 0.5)
        let corrected = try alarmRate(seed: 564, fitted: 100, rho: 0.5, noise: .autocorrelated)
        #expect(plain > 0.5 && corrected < 0.15, "\(plain) \(corrected)")
    }

    @Test(arguments: [2.0, -2])
    func `a lasting shift of two standard deviations is found within a few points`(shift: Double) throws {
        var (found, delays, onsetErrors) = (0, [Int](), [Int]())
        try forRandomCases(seed: 565) { random, _ in
            let run = SyntheticRun(&random, watched: 100, shift: shift, shiftAt: 20)
            guard let change = try run.alarm(run.detector()), change.index >= 20 else { return }
            found += 1
            delays.append(change.index - 20)
            onsetErrors.append(abs(change.onset - 20))
            #expect(change.direction == (shift > 0 ? .above : .below))
        }
        delays.sort()
        onsetErrors.sort()
        #expect(found >= 950, "\(found)")
        #expect(delays[delays.count / 2] <= 6 && onsetErrors[onsetErrors.count / 2] <= 1)
    }

    @Test func `after an intervention the law is refitted from the onset`() throws {
        var (found, errors) = (0, [Double]())
        try forRandomCases(seed: 566) { random, _ in
            let run = SyntheticRun(&random, watched: 20)
            var detector = try run.detector()
            for index in run.fitted..<run.entropies.count {
                try detector.step(entropy: run.entropies[index], score: run.scores[index])
            }
            guard detector.change == nil else { return }
            #expect(try detector.lawSinceOnset() == nil)
            // Entropy is driven back up while scores stay on another law, R = 30 − 2 e^H.
            for index in 0..<40 {
                let entropy = 0.5 + 0.02 * Double(index)
                let score = 30 - 2 * exp(entropy) + random.normalPair().0
                try detector.step(entropy: entropy, score: score)
            }
            guard let change = detector.change, let law = try detector.lawSinceOnset() else { return }
            found += 1
            // A sum that was not at zero when the change came dates it too early, never too late.
            #expect(change.onset <= 20)
            if change.onset == 20 { errors.append((law.a - 2) / law.standardErrorOfA) }
        }
        let atZero = sumDistribution(slack: 0.5, threshold: 7, steps: 20)[0]
        #expect(found >= 900, "\(found)")
        #expect(abs(Double(errors.count) / Double(found) - atZero) < 0.0632, "\(errors.count) \(found) \(atZero)")
        let spread = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
        #expect((0.85...1.25).contains(spread), "\(spread)")
    }

    @Test func `what cannot be watched is refused`() throws {
        let exact = try EntropyScoreLaw(entropies: [0, 1, 2], scores: [5, 5, 5])
        #expect(
            refusal { _ = try RegimeChangeDetector(law: exact) }
                == "forecasts of a law need its residuals as a measure, 3 points (3.0 effective) leave none; "
                + "fit it to more points (law)")
        let law = try EntropyScoreLaw(entropies: [0, 1, 2, 3], scores: [5, 4, 2, 1])
        #expect(
            refusal { _ = try RegimeChangeDetector(law: law, threshold: 0) }
                == "a CUSUM needs a slack of at least 0 and a positive threshold, got 0.5 and 0.0 (threshold)")
        var detector = try RegimeChangeDetector(law: law)
        #expect(
            refusal { try detector.step(entropy: 1, score: .nan) }
                == "a forecast needs a finite entropy and score, got 1.0 and nan; skip the point (point 0)")
        #expect(refusal { try detector.step(entropy: 800, score: 1) } != nil)
        #expect(detector.count == 0 && detector.change == nil)
    }
}
