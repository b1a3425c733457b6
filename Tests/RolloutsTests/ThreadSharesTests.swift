// Parts of rollouts: they cover the samples in order, and what each thread decodes alone is what one decodes.

import Models
import Testing
import Torch
import Trajectories

@testable import Rollouts

@Suite struct RowSharesTests {
    @Test func `shares cover the rows in order and differ by one row at most`() {
        for rows in 0...70 {
            for parts in 1...9 {
                let ranges = ThreadShares.ranges(rows, parts: parts)
                #expect(ranges.count == parts)
                #expect(ranges.flatMap { Array($0) } == Array(0..<rows))
                let counts = ranges.map(\.count)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    @Test func `a layer above the limit is read once, by all threads together`() throws {
        var config = try TinyModel.make(layers: 1).config
        #expect([64, 3, 0].map { ThreadShares.decoding(config, rows: $0, threads: 4) } == [4, 3, 1])
        #expect([64, 3, 0].map { ThreadShares.updating(config, sequences: $0, threads: 4) } == [4, 3, 1])
        config.intermediateSize = ThreadShares.decodedLayerBytes
        #expect(ThreadShares.decoding(config, rows: 64, threads: 4) == 1)
        #expect(ThreadShares.updating(config, sequences: 64, threads: 4) == 1)
    }

    @Test func `the samples of all parts are those that were asked for, over 1,000 random cases`() {
        for number in 0..<1_000 {
            var random = RandomSource(seed: 3, purpose: .testing, step: number)
            let samples = (0..<random.integer(below: 9)).map { _ in
                let first = random.integer(below: 5)
                return first..<first + random.integer(below: 7)
            }
            let total = samples.reduce(0) { $0 + $1.count }
            let parts = 1 + random.integer(below: 4)
            let shares = ThreadShares.ranges(total, parts: parts).map { samples.overlapping($0) }
            #expect(
                zip(shares, ThreadShares.ranges(total, parts: parts)).allSatisfy {
                    $0.reduce(0) { $0 + $1.count } == $1.count
                })
            for (prompt, range) in samples.enumerated() {
                #expect(shares.flatMap { Array($0[prompt]) } == Array(range))
            }
        }
    }

    @Test func `progress counts what all parts finished`() {
        let progress = PartProgress(parts: 3)
        #expect([(2, 0), (5, 2), (3, 0), (1, 1)].map { progress.report($0, from: $1) } == [2, 7, 8, 9])
    }

    @Test(arguments: ComputePrecision.allCases)
    func `completions do not depend on the number of parts`(precision: ComputePrecision) throws {
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
