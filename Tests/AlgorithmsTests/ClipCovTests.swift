// Clip-Cov: who may be dropped, how many are, and the two conventions.

import EntropyDynamics
import Testing
import Trajectories

@testable import Algorithms

@Suite struct ClipCovTests {
    private func scores(_ table: TokenTable) throws -> [Double] {
        try covarianceScores(
            logprobs: table.policyLogprob.map { Double($0) }, advantages: table.advantage.map { Double($0) })
    }

    @Test func `what is dropped lies between the bounds, is not clipped, and is as many as asked for`() throws {
        var (some, limited) = (0, 0)
        try forRandomCases(seed: 1) { random, number in
            let table = try BatchMaker(staleness: 0.4).make(&random).table
            let share = [1e-4, 0.02, 0.5][number % 3]
            let clip = try algorithm(
                "name: clip_cov, share: \(share), lower: 0.2, upper: 3, clip_low: 0.2, clip_high: 0.2")
            let found = clip.coefficients(for: table)
            let scores = try scores(table)
            let candidates = (0..<table.count).filter { token in
                let ratio = probabilityRatio(
                    Double(table.policyLogprob[token]), Double(table.proximalLogprob[token]))
                let isClipped = table.advantage[token] > 0 && ratio > 1.2 || table.advantage[token] < 0 && ratio < 0.8
                return scores[token] > 0.2 && scores[token] < 3 && !isClipped
            }
            let dropped = found.weight.indices.filter { found.weight[$0] == 0 }
            let wanted = min(max(Int(share * Double(table.count)), 1), candidates.count)
            #expect(dropped.count == wanted && Set(candidates).isSuperset(of: dropped), "case \(number)")
            #expect(dropped.allSatisfy { found.g1[$0] == 0 }, "case \(number)")
            if !dropped.isEmpty { some += 1 }
            if wanted == candidates.count, wanted > 1 { limited += 1 }
        }
        #expect(some > 500 && limited > 50)
    }

    @Test func `the paper rounds down to none, includes its bounds and does not look at the ratio clip`() throws {
        let table = try BatchMaker(sequences: 6...6, staleness: 0.4).make(seed: 2).table
        var rule = CovarianceDropRule()
        (rule.preset, rule.share) = (.paper, 0.9 / Double(table.count))
        #expect(rule.weights(for: table).allSatisfy { $0 == 1 })
        rule.preset = .code
        (rule.lower, rule.upper) = (-1e9, 1e9)
        rule.surrogate = ClippedSurrogate()
        #expect(rule.weights(for: table).count { $0 == 0 } == 1)
        let clipped = rule.surrogate.terms(for: table).count { $0.clipSide != .none }
        #expect(clipped > 0 && rule.candidates(table).count == table.count - clipped)
        rule.preset = .paper
        #expect(rule.candidates(table).count == table.count)
        let scores = try scores(table)
        rule.lower = try #require(scores.max())
        #expect(rule.candidates(table).count == 1)
        rule.preset = .code
        #expect(rule.candidates(table).isEmpty)
    }

    @Test func `every candidate is drawn equally often over the updates`() throws {
        let table = try BatchMaker(sequences: 8...8, length: 5...5).make(seed: 3).table
        var rule = CovarianceDropRule()
        (rule.lower, rule.upper, rule.share) = (-1e9, 1e9, 0.25)
        var counts = [Int](repeating: 0, count: table.count)
        for update in 0..<2_000 {
            let weights = rule.weights(for: try table.at(update: update))
            for token in weights.indices where weights[token] == 0 { counts[token] += 1 }
        }
        // 2,000 draws of a quarter: 500 ± 19.4
        #expect(counts.allSatisfy { abs($0 - 500) < 5 * 20 })
        #expect(counts.reduce(0, +) == 2_000 * 10)
    }

    @Test func `the published percentage is refused with the fraction to write`() {
        #expect(
            refusal("name: clip_cov, k_percent: 0.2")
                == "algorithm.k_percent is in percent in the published scripts; write the fraction as share "
                + "(k_percent 0.2 is share: 0.002) (test.yaml:1)")
    }
}

extension TokenTable {
    /// The same tokens in another update.
    func at(update: Int) throws -> TokenTable {
        try TokenTable(
            policyLogprob: policyLogprob, entropy: entropy, discriminant: discriminant,
            expectedDiscriminant: expectedDiscriminant, varianceDiscriminant: varianceDiscriminant,
            squaredDiscriminant: squaredDiscriminant, proximalLogprob: proximalLogprob, sampledLogprob: sampledLogprob,
            referenceLogprob: referenceLogprob, advantage: advantage, sequence: sequence, group: group, update: update)
    }
}
