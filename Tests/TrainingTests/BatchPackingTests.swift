// Micro-batches: every sequence once, within the budget, by lengths alone.

import Testing
import Training
import Trajectories

@Suite struct BatchPackingTests {
    @Test func `over 1,000 random cases every sequence appears once and the budget holds`() {
        for number in 0..<1_000 {
            var random = RandomSource(seed: 2, purpose: .testing, step: number)
            let lengths = (0..<random.integer(below: 40)).map { _ in random.integer(below: 30) }
            let budget = 1 + random.integer(below: 120)
            let batches = BatchPacking.microBatches(lengths: lengths, budget: budget)
            #expect(batches.flatMap(\.self).sorted() == Array(lengths.indices))
            for batch in batches {
                let longest = batch.map { lengths[$0] }.max() ?? 0
                #expect(!batch.isEmpty)
                #expect(batch.count == 1 || batch.count * longest <= budget)
                #expect(batch.map { lengths[$0] } == batch.map { lengths[$0] }.sorted(by: >))
            }
            // no batch could have taken the next one's first sequence
            for (batch, next) in zip(batches, batches.dropFirst()) {
                #expect((batch.count + 1) * max(1, lengths[batch[0]]) > budget)
                #expect(lengths[next[0]] <= lengths[batch[batch.count - 1]])
            }
            #expect(batches == BatchPacking.microBatches(lengths: lengths, budget: budget))
        }
    }

    @Test func `a sequence longer than the budget stands alone`() {
        #expect(BatchPacking.microBatches(lengths: [3, 50, 4, 3], budget: 8) == [[1], [2, 0], [3]])
        #expect(BatchPacking.microBatches(lengths: [], budget: 8).isEmpty)
    }
}
