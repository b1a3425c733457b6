// The `trinity` presets against the published procedure, written out here on a padded batch, step by step.

import Foundation
import Testing
import Trajectories

@testable import Algorithms

/// The published procedure on padded rows [B][T] with a response mask; independent of the code under test.
private struct PublishedProcedure {
    var mask: [[Double]] = []
    var advantage: [[Double]] = []
    var logprob: [[Double]] = []
    var entropy: [[Double]] = []
    var expected: [[Double]] = []

    /// - Parameter isSampler: whether log p is the sampler's or the trainer's.
    init(_ table: TokenTable, width: Int, isSampler: Bool, filler: Double) {
        for completion in Set(table.sequence).sorted() {
            let rows = table.sequence.indices.filter { table.sequence[$0] == completion }
            func padded(_ column: [Float]) -> [Double] {
                rows.map { Double(column[$0]) } + [Double](repeating: filler, count: width - rows.count)
            }
            mask.append(rows.map { _ in 1 } + [Double](repeating: 0, count: width - rows.count))
            advantage.append(padded(table.advantage))
            logprob.append(padded(isSampler ? table.sampledLogprob : table.proximalLogprob))
            entropy.append(padded(table.entropy))
            expected.append(padded(table.expectedDiscriminant))
        }
    }

    private var positions: [(Int, Int)] {
        mask.indices.flatMap { b in mask[b].indices.map { (b, $0) } }
    }

    /// Population mean and deviation over response positions.
    private func moments(_ x: [[Double]]) -> (mean: Double, deviation: Double) {
        var (n, sum, squares) = (0.0, 0.0, 0.0)
        for (b, t) in positions where mask[b][t] == 1 {
            n += 1
            sum += x[b][t]
        }
        let mean = sum / max(n, 1)
        for (b, t) in positions where mask[b][t] == 1 { squares += (x[b][t] - mean) * (x[b][t] - mean) }
        return (mean, (squares / max(n, 1)).squareRoot())
    }

    private func discriminants() -> [[Double]] {
        mask.indices.map { b in mask[b].indices.map { exp(logprob[b][$0]) * (entropy[b][$0] + logprob[b][$0]) } }
    }

    /// Negative advantages keep S − mean ≥ −μ σ; everything else is kept.
    func clipB(mu: Double) -> [[Double]] {
        let s = discriminants()
        let (mean, deviation) = moments(s)
        var result = mask
        guard deviation >= 1e-12 else { return result }
        for (b, t) in positions where mask[b][t] == 1 && advantage[b][t] < 0 {
            if s[b][t] - mean < -mu * deviation { result[b][t] = 0 }
        }
        return result
    }

    /// D = E[S] − S; tokens with A ≤ 0 keep D ≤ μ σ_D; then the cap, which gives back only negative ones.
    func clipV(mu: Double, maxFrac: Double, discriminant: [[Double]]) -> [[Double]] {
        let d = mask.indices.map { b in mask[b].indices.map { expected[b][$0] - discriminant[b][$0] } }
        let (_, deviation) = moments(d)
        var result = mask
        guard deviation >= 1e-12 else { return result }
        for (b, t) in positions where mask[b][t] == 1 && advantage[b][t] <= 0 {
            if d[b][t] > mu * deviation { result[b][t] = 0 }
        }
        let valid = positions.filter { mask[$0.0][$0.1] == 1 }
        let clipped = valid.filter { result[$0.0][$0.1] == 0 }
        if Double(clipped.count) / Double(valid.count) <= maxFrac { return result }
        let k = max(Int((maxFrac * Double(valid.count)).rounded(.down)), 1)
        var negative = clipped.filter { advantage[$0.0][$0.1] < 0 }
        if negative.count > k {
            negative.sort { d[$0.0][$0.1] > d[$1.0][$1.1] }
            for (b, t) in negative[k...] { result[b][t] = 1 }
        }
        return result
    }

    /// Response positions of a padded array, in table order (completions are in ascending order there too).
    func flat(_ padded: [[Double]]) -> [Double] {
        positions.filter { mask[$0.0][$0.1] == 1 }.map { padded[$0.0][$0.1] }
    }

    /// A column of the table as padded rows.
    func padded(_ table: TokenTable, _ column: [Float]) -> [[Double]] {
        var next = 0
        return mask.map { row in
            row.map { isResponse in
                guard isResponse == 1 else { return 1e9 }
                next += 1
                return Double(column[next - 1])
            }
        }
    }
}

@Suite struct TrinityParityTests {
    @Test func `Clip_B keeps what the published code keeps, with its denominator`() throws {
        var dropped = 0
        for mu in [2.5, 1.0, 0.3] {
            let clip = try algorithm("name: clip_b, preset: trinity, mu_neg: \(mu)")
            try forRandomCases(seed: 1) { random, number in
                let table = try BatchMaker(sequences: 4...20, mismatch: 0.3).make(&random).table
                let found = clip.coefficients(for: table)
                for width in [12, 31] {
                    let published = PublishedProcedure(table, width: width, isSampler: true, filler: 1e6)
                    let keep = published.flat(published.clipB(mu: mu))
                    #expect(found.weight.map { Double($0) } == keep, "μ \(mu), case \(number)")
                    let kept = keep.reduce(0, +)
                    for token in 0..<table.count where keep[token] == 1 {
                        let a = Double(table.advantage[token])
                        #expect(isClose(Double(found.g1[token]), -a / kept, relative: 1e-6), "case \(number)")
                    }
                }
                dropped += found.weight.count { $0 == 0 }
                #expect(zip(found.weight, table.advantage).allSatisfy { $0 == 1 || $1 < 0 }, "case \(number)")
            }
        }
        #expect(dropped > 1_000)
    }

    @Test func `Clip_V keeps what the published code keeps, cap and restored tokens included`() throws {
        var restored = 0
        for (mu, fraction) in [(8.5, 1e-4), (1.0, 1e-4), (0.3, 0.05), (0.3, 0.2), (0.5, 1)] {
            let clip = try algorithm("name: clip_v, preset: trinity, mu_neg: \(mu), max_frac: \(fraction)")
            try forRandomCases(seed: 2) { random, number in
                let table = try BatchMaker(sequences: 4...20, mismatch: 0.3).make(&random).table
                let found = clip.coefficients(for: table)
                let published = PublishedProcedure(table, width: 12 + number % 7, isSampler: false, filler: -1e6)
                let s = published.padded(table, table.discriminant)
                let keep = published.flat(published.clipV(mu: mu, maxFrac: fraction, discriminant: s))
                #expect(found.weight.map { Double($0) } == keep, "μ \(mu), case \(number)")
                let uncapped = published.flat(published.clipV(mu: mu, maxFrac: 1, discriminant: s))
                restored += zip(keep, uncapped).count { $0 != $1 }
                #expect(zip(found.weight, table.advantage).allSatisfy { $0 == 1 || $1 <= 0 }, "case \(number)")
            }
        }
        #expect(restored > 1_000)
    }

    @Test func `presets are the settings they claim to be`() throws {
        let b = ClipB.Defaults(.trinity)
        #expect(b.settings.muNeg == 2.5 && b.settings.muPos == .infinity && b.settings.advantages == .neg)
        #expect(b.settings.centre && b.settings.zeroAdvantage == .keep && b.settings.maxFrac == 1)
        #expect(b.source == .sampler && b.denominator == .kept)
        let v = ClipV.Defaults(.trinity)
        #expect(v.settings.muNeg == 8.5 && v.settings.muPos == .infinity && v.settings.advantages == .neg)
        #expect(!v.settings.centre && v.settings.zeroAdvantage == .test && v.settings.maxFrac == 1e-4)
        #expect(v.denominator == .kept)
        for settings in [ClipB.Defaults(.vetted).settings, ClipV.Defaults(.vetted).settings] {
            #expect(settings.muNeg == 3 && settings.muPos == 3 && settings.advantages == .signAware)
            #expect(settings.zeroAdvantage == .keep && settings.maxFrac == 1)
        }
        #expect(ClipB.Defaults(.vetted).denominator == .all && ClipV.Defaults(.vetted).denominator == .all)
        #expect(ClipB.Defaults(.paperInterval).settings.advantages == .all)
        #expect(ClipV.Defaults(.paperInterval).settings.zeroAdvantage == .test)
    }

    @Test func `explicit keys override a preset`() throws {
        let rule = try #require(
            algorithm("name: clip_b, preset: trinity, mu_pos: 4, advantages: sign_aware, source: policy").rules.first
                as? IntervalRule)
        #expect(rule.settings.muNeg == 2.5 && rule.settings.muPos == 4 && rule.settings.advantages == .signAware)
        #expect(rule.reads == [.discriminant])
        #expect(try algorithm("name: clip_b, preset: trinity").reads.contains(.sampled))
        #expect(try algorithm("name: clip_b, preset: trinity, denominator: all").aggregation == .tokenMean(over: .all))
        #expect(try algorithm("name: clip_v, preset: trinity").aggregation == .tokenMean(over: .kept))
    }
}
