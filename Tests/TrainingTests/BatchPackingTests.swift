// Micro-batches: every sequence once, whole groups within the budget.

import Testing
import Training
import Trajectories

@Suite struct BatchPackingTests {
    static func cost(_ group: BatchPacking.Group, _ sequences: [TrainingSequence]) -> Int {
        group.reduce(sequences[group[0]].prompt.count) { $0 + sequences[$1].completionRows }
    }

    /// Up to 40 sequences of up to 6 prompts, and most of their places.
    static func sequences(_ random: inout RandomSource) -> (all: [TrainingSequence], chosen: [Int]) {
        let prompts = (0..<(1 + random.integer(below: 6))).map { index in
            [Int32(index)] + [Int32](repeating: 0, count: random.integer(below: 12))
        }
        let all = (0..<random.integer(below: 40)).map { _ in
            TrainingSequence(
                prompt: prompts[random.integer(below: prompts.count)],
                tokens: [Int32](repeating: 1, count: 1 + random.integer(below: 20)))
        }
        return (all, all.indices.filter { _ in random.integer(below: 4) > 0 })
    }

    @Test
    func `over 1,000 random cases every sequence appears once, the budget holds, and only what exceeds it is cut`() {
        for number in 0..<1_000 {
            var random = RandomSource(seed: 2, purpose: .testing, step: number)
            let (sequences, chosen) = Self.sequences(&random)
            let budget = 1 + random.integer(below: 120)
            let batches = BatchPacking.microBatches(sequences, chosen, budget: budget)
            #expect(batches.joined().joined().sorted() == chosen)
            for batch in batches {
                let total = batch.reduce(0) { $0 + Self.cost($1, sequences) }
                #expect(total <= budget || (batch.count == 1 && batch[0].count == 1))
                #expect(
                    batch.allSatisfy { group in
                        !group.isEmpty && group.allSatisfy { sequences[$0].prompt == sequences[group[0]].prompt }
                    })
            }
            for (prompt, parts) in Dictionary(
                grouping: batches.joined(), by: { sequences[$0[0]].prompt })
            {
                let whole = chosen.filter { sequences[$0].prompt == prompt }
                #expect(parts.count == 1 || Self.cost(whole, sequences) > budget, "a group that fits was cut")
                #expect(parts.flatMap(\.self) == whole, "a group keeps its order")
            }
            // no batch could have taken what the next one starts with, unless that is a part of a group that was cut
            for (batch, next) in zip(batches, batches.dropFirst()) {
                let total = batch.reduce(0) { $0 + Self.cost($1, sequences) }
                let whole = chosen.filter { sequences[$0].prompt == sequences[next[0][0]].prompt }
                #expect(total + Self.cost(whole, sequences) > budget)
            }
            #expect(batches == BatchPacking.microBatches(sequences, chosen, budget: budget))
        }
    }

    @Test
    func `over 1,000 random cases every thread's share is about as long, and no group is cut without need`() {
        for number in 0..<1_000 {
            var random = RandomSource(seed: 5, purpose: .testing, step: number)
            let (sequences, chosen) = Self.sequences(&random)
            let parts = 1 + random.integer(below: 4)
            let shares = BatchPacking.shares(sequences, chosen, parts: parts)
            #expect(shares.count == parts && shares.joined().sorted() == chosen)
            let groups = BatchPacking.microBatches(sequences, chosen, budget: .max).joined()
            let total = groups.reduce(0) { $0 + Self.cost($1, sequences) }
            let costs = shares.map { share in
                BatchPacking.microBatches(sequences, share, budget: .max).joined().reduce(0) {
                    $0 + Self.cost($1, sequences)
                }
            }
            // a share ends within one completion and one prompt of its place, and each cut computes a prompt again
            let longest = 20 + 12
            #expect(costs.reduce(0, +) <= total + (parts - 1) * 12)
            #expect(costs.allSatisfy { $0 <= total / parts + (parts + 1) * longest })
            let cuts = groups.count { group in shares.count { !Set($0).isDisjoint(with: group) } > 1 }
            #expect(cuts < parts)
        }
    }

    @Test func `groups of one length are not cut`() {
        let sequences = (0..<8).flatMap { prompt in
            (0..<4).map { _ in TrainingSequence(prompt: [Int32(prompt), 0, 0], tokens: [Int32](repeating: 1, count: 9))
            }
        }
        let shares = BatchPacking.shares(sequences, Array(sequences.indices), parts: 2)
        #expect(shares == [Array(0..<16), Array(16..<32)])
        #expect(BatchPacking.shares(sequences, [0, 1, 2, 3], parts: 2) == [[0, 1], [2, 3]])
    }

    @Test func `a sequence longer than the budget stands alone`() {
        let sequences = [(1, 3), (2, 40), (1, 4), (3, 2)].map { prompt, tokens in
            TrainingSequence(prompt: [prompt], tokens: [Int32](repeating: 0, count: tokens))
        }
        #expect(BatchPacking.microBatches(sequences, [0, 1, 2, 3], budget: 8) == [[[0, 2]], [[1]], [[3]]])
        #expect(BatchPacking.microBatches(sequences, [0, 3, 2], budget: 8) == [[[0, 2], [3]]])
        #expect(BatchPacking.microBatches(sequences, [0, 2], budget: 5) == [[[0]], [[2]]])
        #expect(BatchPacking.microBatches([], [], budget: 8).isEmpty)
    }
}
