// Shares of a decoding step: they cover the rows in order, and what each thread decodes alone is what one decodes.

import Models
import Testing
import Torch
import Trajectories

@testable import Rollouts

@Suite struct RowSharesTests {
    @Test func `shares cover the rows in order and differ by one row at most`() {
        for rows in 1...70 {
            for threads in 1...9 {
                let ranges = RowShares.ranges(rows: rows, threads: threads, layerBytes: 1)
                #expect(ranges.count == min(rows, threads))
                #expect(ranges.flatMap { Array($0) } == Array(0..<rows))
                let counts = ranges.map(\.count)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    @Test func `a layer above the limit is read once, by all threads together`() {
        let limit = RowShares.layerBytesLimit
        #expect(RowShares.ranges(rows: 64, threads: 4, layerBytes: limit).count == 4)
        #expect(RowShares.ranges(rows: 64, threads: 4, layerBytes: limit + 1) == [0..<64])
    }

    @Test(arguments: [ComputePrecision.float32, .bfloat16])
    func `completions do not depend on the number of shares`(precision: ComputePrecision) throws {
        let model = try TinyModel.make(layers: 2)
        let prompts = TinyModel.prompts(12)
        let sampled = try [1, 2, 3, 7].map { threads in
            let engine = RolloutEngine(model: model, seed: 5, slots: 16)
            engine.threads = threads
            return try withPrecision(precision) {
                try engine.complete(prompts, samples: 4, options: .tiny(), step: 3)
            }
        }
        for other in sampled.dropFirst() { #expect(other == sampled[0]) }
        #expect(sampled[0].flatMap(\.self).contains { $0.tokens.count > 3 })
    }

    @Test func `an operator that fails in a share ends in one error`() throws {
        #expect(throws: TorchError.self) {
            _ = try inParts(4) { part in
                part == 2 ? Tensor([Float(1)]).reshaped([3]).floats.count : 0
            }
        }
        #expect(try inParts(5) { $0 * $0 } == [0, 1, 4, 9, 16])
    }
}
