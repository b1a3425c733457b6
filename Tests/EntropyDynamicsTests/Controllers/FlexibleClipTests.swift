// Probability-dependent clipping: the closed form, the surrogate's gradient, and the published schedule fixtures.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct FlexibleClipTests {
    func widths(_ bounds: ClipBounds, at p: Double = 0.1) -> (Double, Double) {
        (bounds.upper.width(at: p), bounds.lower.width(at: p))
    }

    func expect(_ bounds: ClipBounds, _ upper: Double, _ lower: Double, _ label: String, tolerance: Double = 1e-15) {
        let (a, b) = widths(bounds)
        #expect(
            isClose(a, upper, absolute: tolerance) && isClose(b, lower, absolute: tolerance), "\(label): \(a), \(b)")
    }

    /// Lines that a valid clip may have, rising ones among them.
    func randomClip(_ random: inout RandomSource) throws -> FlexibleClip {
        let (u0, u1) = (random.uniform(in: 0...0.9), random.uniform(in: 0...0.9))
        let (l0, l1) = (random.uniform(in: 0...0.95), random.uniform(in: 0...0.95))
        return try FlexibleClip(
            upper: ClipBound(slope: u1 - u0, intercept: u0), lower: ClipBound(slope: l1 - l0, intercept: l0),
            standard: random.uniform(in: 0.05...0.4),
            secondPhase: random.uniform() < 0.5 ? .decaying : .ramping)
    }

    @Test func `rare tokens get the looser bounds of the notes`() throws {
        let clip = try FlexibleClip()
        let bounds = ClipBounds(upper: clip.upper, lower: clip.lower)
        let (rareUp, rareLow) = widths(bounds, at: 0.01)
        let (likelyUp, likelyLow) = widths(bounds, at: 0.99)
        #expect(isClose(rareUp, 0.4975, absolute: 1e-15) && isClose(rareLow, 0.2987, absolute: 1e-15))
        #expect(isClose(likelyUp, 0.2525, absolute: 1e-15) && isClose(likelyLow, 0.1713, absolute: 1e-15))
    }

    @Test func `a bound on the new probability and its closed form in the old one clip the same tokens`() throws {
        var clipped = 0
        try forRandomCases(5_000, seed: 181) { random, number in
            let clip = number % 2 == 0 ? try FlexibleClip() : try randomClip(&random)
            let bounds = ClipBounds(upper: clip.upper, lower: clip.lower)
            // Anything in (0, 1), tiny ones among them, and near each other half of the time.
            let old = number % 3 == 0 ? exp(-20 * random.uniform()) : random.uniform()
            let near = old * exp(random.normalPair().0 * 0.4)
            let new = random.uniform() < 0.5 || near >= 1 ? random.uniform() : near
            guard old > 0, new > 0, old < 1 else { return }
            let ratio = new / old
            let byNew = (
                ratio > 1 + bounds.upper.width(at: new), ratio < 1 - bounds.lower.width(at: new)
            )
            let largest = bounds.maximumRatio(oldProbability: old)
            let smallest = bounds.minimumRatio(oldProbability: old)
            if abs(ratio - largest) > 1e-12 * ratio {
                #expect((ratio > largest) == byNew.0, "case \(number): \(old), \(new)")
            }
            if abs(ratio - smallest) > 1e-12 {
                #expect((ratio < smallest) == byNew.1, "case \(number): \(old), \(new)")
            }
            if byNew.0 || byNew.1 { clipped += 1 }
        }
        #expect(clipped >= 1_000 && clipped <= 4_500, "\(clipped)")
    }

    @Test func `a token is clipped exactly where its surrogate has no slope`() throws {
        var (flat, steep) = (0, 0)
        try forRandomCases(3_000, seed: 182) { random, number in
            let bounds = try randomClip(&random).decreaseIncreaseDecrease(
                step: random.integer(below: 101), of: 100)
            let old = random.uniform(in: 0.01...0.7)
            let ratio = exp(random.normalPair().0 * 0.3)
            let advantage = random.normalPair().0
            let (up, low) = (
                1 + bounds.upper.width(at: ratio * old), 1 - bounds.lower.width(at: ratio * old)
            )
            // The bounds are constants to the gradient: π is detached.
            func surrogate(_ r: Double) -> Double { min(r * advantage, min(max(r, low), up) * advantage) }
            let h = 1e-7
            guard ratio * old < 1, min(abs(ratio - up), abs(ratio - low)) > 1e-5, abs(advantage) > 0.01 else { return }
            let slope = (surrogate(ratio + h) - surrogate(ratio - h)) / (2 * h)
            let isClipped = bounds.isClipped(ratio: ratio, oldProbability: old, advantage: advantage)
            #expect(isClose(slope, isClipped ? 0 : advantage, absolute: 1e-6), "case \(number)")
            if isClipped { flat += 1 } else { steep += 1 }
        }
        #expect(flat >= 300 && steep >= 1_000, "\(flat), \(steep)")
    }

    @Test func `the schedule fixtures for p = 0.1 and T = 240`() throws {
        let clip = try FlexibleClip()
        let id = { try clip.increaseThenDecrease(step: $0, of: 240) }
        let did = { try clip.decreaseIncreaseDecrease(step: $0, of: 240) }
        expect(try id(0), 0.475, 0.2, "ID 0")
        expect(try id(60), 0.3375, 0.2, "ID 60")
        expect(try id(120), 0.2, 0.2, "ID 120")
        expect(try id(121), 0.2, 0.286275, "ID 121", tolerance: 1e-14)
        expect(try id(180), 0.2, 0.2435, "ID 180")
        expect(try id(240), 0.2, 0.2, "ID 240")
        expect(try did(0), 0.2, 0.2, "DID 0")
        expect(try did(60), 0.3375, 0.2, "DID 60")
        expect(try did(120), 0.475, 0.2, "DID 120")
        expect(try did(180), 0.475, 0.2435, "DID 180")
        // The other reading of the second half ramps instead.
        let ramping = try FlexibleClip(secondPhase: .ramping)
        expect(
            try ramping.increaseThenDecrease(step: 121, of: 240), 0.2, 0.2 + 0.087 / 120, "ramp 121", tolerance: 1e-14)
        expect(try ramping.increaseThenDecrease(step: 240, of: 240), 0.2, 0.287, "ramp 240")
    }

    @Test func `at any probability and step the schedules are their printed formulas`() throws {
        try forRandomCases(2_000, seed: 183) { random, number in
            let clip = try randomClip(&random)
            let total = 1 + random.integer(below: 300)
            let step = random.integer(below: total + 1)
            let p = random.uniform()
            let lambda = 1 - 2 * Double(step) / Double(total)
            let (h, m) = (clip.upper.width(at: p), clip.lower.width(at: p))
            let std = clip.standard
            let isFirst = 2 * step <= total
            let lower =
                isFirst
                ? std
                : clip.secondPhase == .decaying
                    ? (1 + lambda) * m - lambda * std : -lambda * m + (1 + lambda) * std
            let id = widths(try clip.increaseThenDecrease(step: step, of: total), at: p)
            let idUpper = isFirst ? lambda * h + (1 - lambda) * std : std
            #expect(isClose(id.0, idUpper, absolute: 1e-14), "case \(number)")
            #expect(isClose(id.1, lower, absolute: 1e-14), "case \(number)")
            let did = widths(try clip.decreaseIncreaseDecrease(step: step, of: total), at: p)
            let didUpper = isFirst ? lambda * std + (1 - lambda) * h : h
            #expect(isClose(did.0, didUpper, absolute: 1e-14), "case \(number)")
            #expect(isClose(did.1, lower, absolute: 1e-14), "case \(number)")
        }
    }

    @Test func `clips that are none are refused`() throws {
        #expect(
            refusal { _ = try FlexibleClip(upper: ClipBound(slope: -0.6, intercept: 0.5)) }?.hasPrefix(
                "a flexible clip needs a finite number of at least 0.0 here, got -0.0") == true)
        for make in [
            { try FlexibleClip(lower: ClipBound(slope: 0.5, intercept: 0.6)) },
            { try FlexibleClip(lower: ClipBound(slope: 0, intercept: -0.1)) },
            { try FlexibleClip(upper: ClipBound(slope: 1, intercept: 0)) },
            { try FlexibleClip(upper: ClipBound(slope: .nan, intercept: 0)) },
            { try FlexibleClip(standard: 1.2) },
        ] {
            #expect(refusalCode { _ = try make() } == .badSetting)
        }
        let clip = try FlexibleClip()
        #expect(
            refusal { _ = try clip.increaseThenDecrease(step: 0, of: 0) }
                == "a clip schedule needs a run of at least one step, got 0 (total)")
    }
}
