// GSPO: the sequence's ratio, its gradient through every token, and its clip.

import Algorithms
import Foundation
import Testing
import Trajectories

@Suite struct GSPOTests {
    /// The loss written from its definition, for any log-probabilities.
    private func loss(_ table: TokenTable, _ policy: [Double], low: Double, high: Double) -> Double {
        let completions = Set(table.sequence)
        return completions.reduce(0) { total, completion in
            let rows = table.sequence.indices.filter { table.sequence[$0] == completion }
            let gap = rows.reduce(0) { $0 + policy[$1] - Double(table.proximalLogprob[$1]) }
            let s = exp(gap / Double(rows.count))
            let a = Double(table.advantage[rows[0]])
            return total - min(s * a, min(max(s, 1 - low), 1 + high) * a) / Double(completions.count)
        }
    }

    @Test func `a known completion has the known ratio`() throws {
        let table = try TokenTable(
            policyLogprob: [0.02, -0.01, 0.05, 0].map { $0 - 2 }, entropy: [1, 1, 1, 1], discriminant: [0, 0, 0, 0],
            expectedDiscriminant: [0, 0, 0, 0], proximalLogprob: [-2, -2, -2, -2], sampledLogprob: [-2, -2, -2, -2],
            advantage: [1, 1, 1, 1], sequence: [0, 0, 0, 0], group: [0, 0, 0, 0])
        let terms = SequenceRatioSurrogate(clipLow: 1, clipHigh: 1).terms(for: table)
        #expect(terms.allSatisfy { isClose($0.dLogprob, -1.015113, absolute: 1e-6) })
    }

    @Test func `g1 is the derivative of the whole loss by each token's log-probability`() throws {
        let gspo = try algorithm("name: gspo, clip_low: 0.05, clip_high: 0.08")
        var clipped = 0
        try forRandomCases(200, seed: 1) { random, number in
            let table = try BatchMaker(staleness: 0.15).make(&random).table
            let found = gspo.coefficients(for: table)
            let policy = table.policyLogprob.map { Double($0) }
            #expect(isClose(found.loss, loss(table, policy, low: 0.05, high: 0.08), absolute: 1e-9), "case \(number)")
            for token in policy.indices {
                func shifted(_ step: Double) -> Double {
                    var moved = policy
                    moved[token] += step
                    return loss(table, moved, low: 0.05, high: 0.08)
                }
                let (right, left) = (shifted(1e-6) - found.loss, found.loss - shifted(-1e-6))
                guard isClose(right, left, absolute: 1e-9) else { continue }  // at the kink of the clip
                #expect(isClose(Double(found.g1[token]), (right + left) / 2e-6, absolute: 2e-7), "case \(number)")
                if found.g1[token] == 0, table.advantage[token] != 0 { clipped += 1 }
            }
        }
        #expect(clipped > 1_000)
    }

    @Test func `completions of one token are clipped as tokens are, and the aggregation is not a choice`() throws {
        let gspo = try algorithm("name: gspo, clip_low: 0.2, clip_high: 0.2")
        let grpo = try algorithm("name: grpo, aggregation: sequence_mean")
        try forRandomCases(seed: 2) { random, number in
            let table = try BatchMaker(length: 1...1, staleness: 0.3).make(&random).table
            #expect(gspo.coefficients(for: table).g1 == grpo.coefficients(for: table).g1, "case \(number)")
        }
        #expect(refusal("name: gspo, aggregation: token_mean")?.contains("is not a key here") == true)
    }
}
