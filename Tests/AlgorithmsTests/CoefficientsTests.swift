// (g1, g2) against finite differences through a softmax table, and what they predict for entropy.

import Algorithms
import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct CoefficientsTests {
    static let settings = [
        "name: grpo", "name: grpo, aggregation: sequence_mean, clip_high: 0.28",
        "name: grpo, aggregation: fixed_length, fixed_length: 17, dual_clip: 2",
        "name: grpo, entropy_coefficient: 0.3", "name: clip_b, mu_neg: 1, mu_pos: 1, entropy_coefficient: -0.1",
        "name: clip_v, mu_neg: 0.5, mu_pos: 0.5", "name: clip_v, preset: trinity, mu_neg: 0.5, max_frac: 0.1",
        "name: clip_b, advantages: all, mu_neg: 0.5, mu_pos: 0.5, aggregation: sequence_mean",
    ]

    @Test(arguments: settings)
    func `numeric dL over dz equals g1 (e − p) − g2 S`(setting: String) throws {
        let algorithm = try algorithm(setting)
        let surrogate = try #require(algorithm.surrogate as? any TokenSurrogate)
        try forRandomCases(200, seed: 1) { random, number in
            let batch = try BatchMaker(staleness: 0.3).make(&random)
            let table = batch.table
            let found = algorithm.coefficients(for: table)
            let scales = algorithm.aggregation.scales(for: table, weights: found.weight)
            let bonus = algorithm.regularisers.compactMap { ($0 as? EntropyBonus)?.coefficient }.reduce(0, +)
            func loss(_ token: Int, _ logits: [Double]) throws -> Double {
                let p = try Categorical(logits: logits)
                let term = surrogate.term(
                    policyLogprob: p.logProbabilities[batch.tokens[token]],
                    proximalLogprob: Double(table.proximalLogprob[token]), advantage: Double(table.advantage[token]))
                return Double(scales[token]) * Double(found.weight[token]) * (term.loss - bonus * p.entropy)
            }
            var total = 0.0
            for token in 0..<table.count {
                let row = batch.logits[token]
                total += try loss(token, row)
                let ratio = exp(Double(table.policyLogprob[token]) - Double(table.proximalLogprob[token]))
                guard [0.8, 1.2, 1.28, 2].allSatisfy({ abs(ratio - $0) > 1e-3 }) else { continue }
                let analytic = try Categorical(logits: row)
                    .lossGradient(g1: Double(found.g1[token]), g2: Double(found.g2[token]), of: batch.tokens[token])
                for index in row.indices {
                    var (up, down) = (row, row)
                    up[index] += 1e-5
                    down[index] -= 1e-5
                    let numeric = try (loss(token, up) - loss(token, down)) / 2e-5
                    #expect(
                        isClose(analytic[index], numeric, absolute: 1e-8, relative: 1e-6),
                        "\(setting), case \(number)")
                }
            }
            #expect(isClose(found.loss, total, absolute: 1e-6, relative: 1e-6), "\(setting), case \(number)")
        }
    }

    @Test(arguments: settings)
    func `the prediction is the entropy change of a small step down the loss`(setting: String) throws {
        let algorithm = try algorithm(setting)
        try forRandomCases(200, seed: 2) { random, number in
            let batch = try BatchMaker(staleness: 0.1).make(&random)
            let found = algorithm.coefficients(for: batch.table)
            let rate = 1e-3
            var measured = 0.0
            for token in 0..<batch.table.count {
                let p = try Categorical(logits: batch.logits[token])
                let descent = p.lossGradient(
                    g1: Double(found.g1[token]), g2: Double(found.g2[token]), of: batch.tokens[token]
                ).map { -$0 }
                let change = try LogitDisplacement(p, along: descent).exact(rate) / rate
                let predicted = Double(found.predictedEntropyChange[token])
                let push = Double(abs(found.g1[token]) + abs(found.g2[token]))
                #expect(
                    isClose(change, predicted, absolute: 1e-8 + 20 * rate * push * (push + 1e-3), relative: 1e-5),
                    "\(setting), case \(number)")
                measured += predicted
            }
            let reported = try #require(found[metric: "predicted_entropy_change"])
            #expect(isClose(reported, measured / Double(batch.table.count), absolute: 1e-7), "\(setting)")
        }
    }

    @Test func `on the policy g1 of GRPO is minus A over N`() throws {
        var random = RandomSource(seed: 3, purpose: .testing)
        let table = try BatchMaker().make(&random).table
        let found = try algorithm("name: grpo").coefficients(for: table)
        #expect(found.g1 == table.advantage.map { Float(-Double($0) * (1 / Double(table.count))) })
        #expect(found.g2.allSatisfy { $0 == 0 } && found.weight.allSatisfy { $0 == 1 })
        #expect(found[metric: "ratio_mean"] == 1 && found[metric: "ratio_max"] == 1)
        #expect(found[metric: "proximal_kl_k1"] == 0 && found[metric: "proximal_kl_k3"] == 0)
        #expect(found[metric: "predicted_entropy_change"] == found[metric: "predicted_entropy_change_without_rules"])
        #expect(found[metric: "loss"] == found.loss)
    }

    @Test func `denominators are what they say`() throws {
        let table = try BatchMaker().make(seed: 4).table
        var weights = [Float](repeating: 1, count: table.count)
        weights[0] = 0
        let n = Float(table.count)
        let completions = Set(table.sequence).count
        #expect(Aggregation.tokenMean(over: .all).scales(for: table, weights: weights).allSatisfy { $0 == 1 / n })
        let kept = Aggregation.tokenMean(over: .kept)
        #expect(kept.scales(for: table, weights: weights).allSatisfy { $0 == 1 / (n - 1) })
        let sequenceMean = Aggregation.sequenceMean.scales(for: table, weights: weights)
        #expect(abs(sequenceMean.reduce(0, +) - 1) < 1e-5)
        for completion in Set(table.sequence) {
            let own = zip(table.sequence, sequenceMean).filter { $0.0 == completion }.map(\.1)
            #expect(own.allSatisfy { abs($0 - 1 / Float(own.count * completions)) < 1e-7 })
        }
        let fixed = Aggregation.fixedLength(50).scales(for: table, weights: weights)
        #expect(fixed.allSatisfy { $0 == Float(1 / Double(50 * completions)) })
        let none = kept.scales(for: table, weights: weights.map { _ in 0 })
        #expect(none.allSatisfy { $0 == 0 })
    }

    @Test(arguments: settings)
    func `an empty mini-batch gives empty columns and finite metrics`(setting: String) throws {
        let empty = try BatchMaker().make(seed: 5).table[rows: [Int]()]
        let found = try algorithm(setting).coefficients(for: empty)
        #expect(found.g1.isEmpty && found.weight.isEmpty && found.loss == 0)
        let bounds = ["lower_bound", "upper_bound"]
        #expect(
            found.metrics.allSatisfy { metric in
                metric.value.isFinite || bounds.contains { metric.name.hasSuffix($0) }
            })
    }

    @Test func `an entropy bonus without the sum of squares is unknown, not wrong`() throws {
        let table = try BatchMaker(hasSquared: false).make(seed: 6).table
        let bonus = try algorithm("name: grpo, entropy_coefficient: 0.01")
        #expect(bonus.reads.contains(.squaredDiscriminant))
        #expect(bonus.coefficients(for: table).predictedEntropyChange.allSatisfy { $0.isNaN })
        do {
            try bonus.check(table)
            Issue.record("a missing column went unnoticed")
        } catch {
            #expect(
                "\(error)" == "grpo reads squaredDiscriminant, which this token table does not have; add that column "
                    + "(squaredDiscriminant)")
        }
        let plain = try algorithm("name: grpo")
        try plain.check(table)
        #expect(!plain.reads.contains(.squaredDiscriminant))
        #expect(plain.coefficients(for: table).predictedEntropyChange.allSatisfy { $0.isFinite })
    }
}
