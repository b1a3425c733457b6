// The tensor path and the tabular twin on the same tokens: statistics, token rules, coefficients, gradients.

import Algorithms
import ConfigCoding
import EntropyDynamics
import Testing
import Torch
import Trajectories

@testable import Simulation

@Suite struct TabularTwinTests {
    /// Tokens drawn on a random table, and the same table as a policy head: with unit hidden states [N, rows] and the
    /// logits as weight [V, rows], row r of the table is what the head computes for a token of row r.
    struct Pair {
        let policy: TablePolicy
        var batch = TableBatch()
        let hidden: Tensor
        let weight: Tensor
        let ids: Tensor

        init(_ random: inout RandomSource) throws {
            let (rows, vocabulary, completions) = (
                1 + random.integer(below: 5), 2 + random.integer(below: 30), 2 + random.integer(below: 6)
            )
            let temperature = [0.7, 1, 1.5][random.integer(below: 3)]
            let spread = [0.3, 1, 3][random.integer(below: 3)]
            // float32 logits: both sides see the same numbers
            let logits = (0..<rows * vocabulary).map { _ in Double(Float(random.normalPair().0 * spread)) }
            policy = try TablePolicy(
                prompts: rows, tree: PrefixTree(vocabulary: vocabulary), temperature: temperature, logits: logits)
            for row in 0..<rows {
                for sample in 0..<completions {
                    let token = random.integer(below: vocabulary)
                    let logprob = policy.rows[row].logProbabilities[token]
                    let stale = Double(Float(logprob + 0.3 * random.normalPair().0))
                    batch.append(
                        row: row, token: token, sequence: row * completions + sample, group: row, sampled: stale,
                        proximal: stale, advantage: random.uniform() < 0.2 ? 0 : random.normalPair().0)
                }
            }
            var unit = [Float](repeating: 0, count: batch.count * rows)
            for (token, row) in batch.row.enumerated() { unit[token * rows + row] = 1 }
            hidden = Tensor(unit, shape: [batch.count, rows])
            weight = Tensor(
                (0..<vocabulary * rows).map { Float(logits[$0 % rows * vocabulary + $0 / rows]) },
                shape: [vocabulary, rows])
            ids = Tensor(batch.token.map(Int64.init))
        }

        /// The table an algorithm sees when the policy head made the statistics.
        func headTable() throws -> (table: TokenTable, statistics: Tensor) {
            let statistics = try withTorchErrors {
                PolicyHeadKernels.statistics(
                    hidden: hidden, weight: weight, ids: ids, temperature: policy.temperature)
            }
            let values = statistics.floats
            func column(_ row: StatisticsRow) -> [Float] {
                Array(values[row.rawValue * batch.count..<(row.rawValue + 1) * batch.count])
            }
            let table = try TokenTable(
                policyLogprob: column(.logprob), entropy: column(.entropy), discriminant: column(.discriminant),
                expectedDiscriminant: column(.expectedDiscriminant),
                varianceDiscriminant: column(.varianceDiscriminant),
                squaredDiscriminant: column(.squaredDiscriminant), proximalLogprob: batch.proximalLogprob,
                sampledLogprob: batch.sampledLogprob, advantage: batch.advantage, sequence: batch.sequence,
                group: batch.group)
            return (table, statistics)
        }
    }

    @Test(arguments: AlgorithmCatalogue.names)
    func `every algorithm of the catalogue does the same on both`(name: String) throws {
        try compare("{name: \(name)}", tables: 200)
    }

    @Test(arguments: [
        "{name: grpo}", "{name: grpo, aggregation: sequence_mean, entropy_coefficient: 0.3, clip_high: 0.28}",
        "{name: clip_b, mu_neg: 1, mu_pos: 1}", "{name: clip_b, preset: trinity, mu_neg: 0.5}",
        "{name: clip_v, mu_neg: 0.5, mu_pos: 0.5, entropy_coefficient: -0.1}",
        "{name: clip_v, preset: trinity, mu_neg: 0.5, max_frac: 0.1}",
    ])
    func `statistics, weights, coefficients and gradients agree on a thousand random tables`(yaml: String) throws {
        try compare(yaml, tables: 1_000)
    }

    private func compare(_ yaml: String, tables: Int) throws {
        let algorithm = try AlgorithmCatalogue.algorithm(from: ConfigSection.parse(yaml, name: "test"))
        var onBound = 0
        for number in 0..<tables {
            var random = RandomSource(seed: 40, purpose: .testing, step: number)
            let pair = try Pair(&random)
            let twin = try pair.batch.table(pair.policy.rows.map { RowStatistics($0) }, pair.policy.rows)
            let (table, statistics) = try pair.headTable()
            for (head, exact) in [
                (table.policyLogprob, twin.policyLogprob), (table.entropy, twin.entropy),
                (table.discriminant, twin.discriminant), (table.expectedDiscriminant, twin.expectedDiscriminant),
                (table.varianceDiscriminant ?? [], twin.varianceDiscriminant ?? []),
                (table.squaredDiscriminant ?? [], twin.squaredDiscriminant ?? []),
            ] {
                for (a, b) in zip(head, exact) { #expect(abs(a - b) <= 4e-6 * (1 + abs(b)), "case \(number)") }
            }
            let found = algorithm.coefficients(for: table)
            let expected = algorithm.coefficients(for: twin)
            // float32 may put a token that lies on a bound on either side of it
            guard zip(found.weight, expected.weight).allSatisfy({ abs($0 - $1) < 1e-4 }) else {
                onBound += 1
                continue
            }
            for (a, b) in zip(found.g1 + found.g2, expected.g1 + expected.g2) {
                #expect(abs(a - b) <= 3e-5 * (abs(b) + 1e-3), "case \(number)")
            }
            let gradient = try withTorchErrors {
                PolicyHeadKernels.gradient(
                    hidden: pair.hidden, weight: pair.weight, ids: pair.ids, statistics: statistics, g1: found.g1,
                    g2: found.g2, temperature: pair.policy.temperature
                ).weight.floats
            }
            let exact = RowEffects(pair.policy, pair.batch, expected, scale: 1).gradient(pair.policy)
            let size = Double(expected.g1.map(abs).max() ?? 0) + Double(expected.g2.map(abs).max() ?? 0)
            let (rows, vocabulary) = (pair.policy.prompts, pair.policy.tree.vocabulary)
            for index in exact.indices {
                let (row, token) = (index / vocabulary, index % vocabulary)
                #expect(
                    abs(Double(gradient[token * rows + row]) - exact[index]) <= 2e-5 * (size + 1e-3), "case \(number)")
            }
        }
        #expect(onBound < 5)
    }
}
