// What must not matter: the order of completions, how a batch was padded, and how it was split.

import Foundation
import Testing
import Trajectories

@testable import Algorithms

@Suite struct InvarianceTests {
    /// Settings that make rules act on small batches, then every algorithm as it comes, and the parts any can have.
    static let settings =
        [
            "name: grpo", "name: clip_b", "name: clip_v", "name: clip_b, preset: trinity",
            "name: clip_v, preset: trinity, mu_neg: 0.7, max_frac: 0.05",
            "name: clip_v, preset: paper-interval, mu_neg: 1, mu_pos: 1, max_frac: 0.03, aggregation: sequence_mean",
            "name: clip_cov, share: 0.1, lower: 0.1", "name: kl_cov, share: 0.2", "name: random_drop, share: 0.3",
            "name: gspo, clip_low: 0.05, clip_high: 0.05", "name: perplexity_shaping, standardise: group, alpha: 0.5",
            "name: grpo, kl_coefficient: 0.1, entropy_coefficient: 0.1",
            "name: dapo, sampler_correction: sequence_truncated", "name: rloo, sampler_correction: geometric_masked",
        ] + AlgorithmCatalogue.names.map { "name: \($0)" }

    @Test(arguments: settings) func `the order of completions and of groups is irrelevant`(setting: String) throws {
        let algorithm = try algorithm(setting)
        try forRandomCases(300, seed: 1) { random, number in
            let table = try BatchMaker(staleness: 0.1, mismatch: 0.1, referenceSpread: 0.2).make(&random).table
            let found = algorithm.coefficients(for: table)
            let completions = Set(table.sequence).sorted().shuffled(using: &random)
            let order = completions.flatMap { completion in
                table.sequence.indices.filter { table.sequence[$0] == completion }
            }
            let permuted = algorithm.coefficients(for: table[rows: order])
            // sums over the batch come in another order; what they decide is the same, what they scale is to rounding
            for (own, other) in zip(order.map { found.weight[$0] }, permuted.weight) {
                #expect((own == 0) == (other == 0), "\(setting), case \(number)")
                #expect(isClose(Double(own), Double(other), relative: 1e-6), "\(setting), case \(number)")
            }
            for (own, other) in zip(order.map { found.g1[$0] }, permuted.g1) {
                #expect(
                    isClose(Double(own), Double(other), absolute: 1e-9, relative: 1e-6), "\(setting), case \(number)")
            }
            #expect(permuted.g2 == order.map { found.g2[$0] }, "\(setting), case \(number)")
            for (a, b) in zip(found.metrics, permuted.metrics) where a.value.isFinite {
                #expect(
                    a.name == b.name && isClose(a.value, b.value, absolute: 1e-9, relative: 1e-6),
                    "\(setting), case \(number)")
            }
        }
    }

    @Test func `tied outliers are capped the same in any order of completions`() throws {
        // Completions that share a prefix have tokens that are equal in every digit.
        let algorithm = try algorithm(
            "name: clip_v, advantages: all, mu_neg: 0.1, mu_pos: 0.1, max_frac: 0.1")
        try forRandomCases(seed: 2) { random, number in
            let half = try BatchMaker(zeroFraction: 0).make(&random).table
            let shift = Int32(Set(half.sequence).count)
            let twin = try TokenTable(
                policyLogprob: half.policyLogprob, entropy: half.entropy, discriminant: half.discriminant,
                expectedDiscriminant: half.expectedDiscriminant, proximalLogprob: half.proximalLogprob,
                sampledLogprob: half.sampledLogprob, advantage: half.advantage,
                sequence: half.sequence.map { $0 + shift }, group: half.group)
            let one = algorithm.coefficients(for: TokenTable.joined([half, twin])).weight
            let other = algorithm.coefficients(for: TokenTable.joined([twin, half])).weight
            let n = half.count
            #expect(Array(one[..<n]) == Array(other[n...]) && Array(one[n...]) == Array(other[..<n]), "case \(number)")
        }
    }

    @Test(arguments: settings) func `any split into micro-batches joins to the same result`(setting: String) throws {
        let algorithm = try algorithm(setting)
        try forRandomCases(100, seed: 3) { random, number in
            let table = try BatchMaker(staleness: 0.2, referenceSpread: 0.2).make(&random).table
            var parts: [TokenTable] = []
            var start = 0
            while start < table.count {
                let end = min(table.count, start + random.integer(below: 9))
                parts.append(table[rows: start..<end])
                start = end
            }
            let joined = TokenTable.joined(parts)
            #expect(joined == table)
            #expect(algorithm.coefficients(for: joined).g1 == algorithm.coefficients(for: table).g1, "case \(number)")
        }
    }

    @Test func `moments do not depend on how a set was split`() {
        forRandomCases(seed: 4) { random, number in
            let offset = [0, 1e3, -1e6][random.integer(below: 3)]
            let values = (0..<(1 + random.integer(below: 60))).map { _ in offset + random.normalPair().0 }
            var merged = Moments([])
            var rest = values[...]
            while !rest.isEmpty {
                let part = rest.prefix(random.integer(below: 7))
                merged.merge(Moments(part))
                rest = rest.dropFirst(part.count)
            }
            let whole = Moments(values)
            #expect(merged.count == whole.count)
            #expect(isClose(merged.mean, whole.mean, relative: 1e-12), "case \(number)")
            #expect(isClose(merged.deviation, whole.deviation, absolute: 1e-9, relative: 1e-9), "case \(number)")
        }
        #expect(Moments([]).deviation == 0 && Moments([]).mean == 0)
    }

    @Test func `a table with unequal or non-finite columns is refused in one sentence`() {
        func refusal(_ entropy: [Float], _ sequence: [Int32] = [0, 0]) -> String? {
            do {
                _ = try TokenTable(
                    policyLogprob: [-1, -2], entropy: entropy, discriminant: [0, 0], expectedDiscriminant: [0, 0],
                    proximalLogprob: [-1, -2], sampledLogprob: [-1, -2], advantage: [1, -1], sequence: sequence,
                    group: [0, 0])
            } catch {
                return "\(error)"
            }
            return nil
        }
        #expect(refusal([1, 1]) == nil)
        #expect(
            refusal([1]) == "every column of a token table needs one entry per token: entropy has 1, "
                + "policyLogprob has 2 (entropy)")
        #expect(
            refusal([1, 1], [0]) == "every column of a token table needs one entry per token: sequence has 1, "
                + "policyLogprob has 2 (sequence)")
        #expect(
            refusal([1, .nan]) == "a token table holds finite numbers only, got nan; leave out tokens that are not "
                + "trained, and look for diverged weights otherwise (entropy[1])")
    }
}
