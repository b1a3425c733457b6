// Sampling from the policy head: right frequencies, draws that depend on their coordinates alone, ties, and refusals.

import EntropyDynamics
import Foundation
import Testing
import Torch
import Trajectories

@Suite struct PolicyHeadSamplingTests {
    /// One hidden feature of 1 per row: the logits of every row are `logits`.
    func draw(
        _ logits: [Float], _ counters: [[UInt32]], temperature: Double = 1, greedy: Bool = false, seed: UInt64 = 11,
        tile: Int = 0
    ) throws -> (tokens: [Int64], statistics: [Float]) {
        try withTorchErrors {
            let drawn = PolicyHeadKernels.sample(
                hidden: Tensor([Float](repeating: 1, count: counters.count), shape: [counters.count, 1]),
                weight: Tensor(logits, shape: [logits.count, 1]), temperature: temperature, greedy: greedy, seed: seed,
                counters: counters.flatMap { $0 }, tile: tile)
            return (drawn.tokens, drawn.statistics.floats)
        }
    }

    func counters(_ count: Int) -> [[UInt32]] {
        (0..<count).map { [UInt32($0 % 97), 5, UInt32($0 / 97), 3 | 1 << 24] }
    }

    func words(_ counter: [UInt32], seed: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
        Philox.block(
            counter: (counter[0], counter[1], counter[2], counter[3]),
            key: (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    }

    func uniform(_ high: UInt32, _ low: UInt32) -> Double { Double((UInt64(high) << 32 | UInt64(low)) >> 11) * 0x1p-53 }

    @Test(arguments: [0, 7, 1, 16], [1.0, 0.7, 2])
    func `frequencies follow the softmax`(tile: Int, temperature: Double) throws {
        var random = RandomSource(30)
        let vocabulary = 40
        let logits = random.normals(vocabulary, deviation: 1.2)
        let p = try Categorical(logits: logits.map(Double.init), temperature: temperature)
        let count = 40_000
        var seen = [Double](repeating: 0, count: vocabulary)
        for token in try draw(logits, counters(count), temperature: temperature, tile: tile).tokens {
            seen[Int(token)] += 1
        }
        // tokens expected fewer than 8 times share a cell, as Pearson's statistic needs
        var (statistic, cells, rareSeen, rareExpected) = (0.0, 0, 0.0, 0.0)
        for token in 0..<vocabulary {
            let expected = p.probabilities[token] * Double(count)
            guard expected >= 8 else {
                rareSeen += seen[token]
                rareExpected += expected
                continue
            }
            statistic += (seen[token] - expected) * (seen[token] - expected) / expected
            cells += 1
        }
        if rareExpected > 0 {
            statistic += (rareSeen - rareExpected) * (rareSeen - rareExpected) / max(rareExpected, 1)
            cells += 1
        }
        let freedom = Double(cells - 1)
        #expect(statistic < freedom + 4 * (2 * freedom).squareRoot(), "\(statistic) at \(freedom) degrees of freedom")
        #expect(statistic > freedom - 4 * (2 * freedom).squareRoot(), "too regular to be random")
    }

    @Test(arguments: [UInt64(0), 11, 0xDEAD_BEEF_0123_4567])
    func `one tile inverts the third and fourth word of the shared Philox`(seed: UInt64) throws {
        let counters = counters(4000)
        for vocabulary in [2, 1000] {
            let flat = [Float](repeating: 0.5, count: vocabulary)
            let drawn = try draw(flat, counters, seed: seed).tokens
            for (counter, token) in zip(counters, drawn) {
                let four = words(counter, seed: seed)
                #expect(token == Int64(uniform(four.2, four.3) * Double(vocabulary)))
            }
        }
    }

    @Test func `a later tile replaces the candidate with its share of the mass`() throws {
        let seed: UInt64 = 0x0123_4567_89AB_CDEF
        let counters = counters(4000)
        let drawn = try draw([Float](repeating: -2, count: 21), counters, seed: seed, tile: 7).tokens
        for (counter, token) in zip(counters, drawn) {
            let four = words(counter, seed: seed)
            var expected = Int64(uniform(four.2, four.3) * 7)
            for tile in 1..<3 {
                let own = Philox.block(counter: (UInt32(tile), 0, 0, 0), key: (four.1, four.0))
                if uniform(own.0, own.1) * Double(7 * (tile + 1)) < 7 {
                    expected = Int64(7 * tile) + Int64(uniform(own.2, own.3) * 7)
                }
            }
            #expect(token == expected)
        }
    }

    @Test func `a draw does not depend on the batch around it`() throws {
        var random = RandomSource(31)
        let logits = random.normals(500, deviation: 2)
        let all = counters(700)
        for tile in [0, 64] {
            let together = try draw(logits, all, tile: tile)
            let backwards = try draw(logits, all.reversed(), tile: tile)
            #expect(together.tokens == backwards.tokens.reversed())
            for index in stride(from: 0, to: 700, by: 53) {
                let alone = try draw(logits, [all[index]], tile: tile)
                #expect(alone.tokens == [together.tokens[index]])
                #expect(alone.statistics == column(index, of: together.statistics))
            }
        }
        #expect(Set(try draw(logits, [all[3], all[3], all[3]]).tokens).count == 1)
    }

    @Test func `every coordinate and the seed change the draws`() throws {
        let flat = [Float](repeating: 0, count: 1000)
        let base = (0..<200).map { [UInt32($0), 1, 1, 1] }
        let reference = try draw(flat, base).tokens
        #expect(try draw(flat, base).tokens == reference)
        #expect(try draw(flat, base, seed: 12).tokens != reference)
        #expect(try draw(flat, base, seed: 11 | 1 << 40).tokens != reference)
        for word in 0..<4 {
            let other = base.map { row in row.enumerated().map { $0.offset == word ? $0.element + 7 : $0.element } }
            #expect(try draw(flat, other).tokens != reference)
        }
    }

    @Test func `greedy takes the lowest id of the largest logit`() throws {
        var random = RandomSource(32)
        for places in [[4], [0, 39], [39], [6, 7, 8, 20], [13, 14], Array(0..<40)] {
            var logits = random.normals(40)
            for place in places { logits[place] = 6 }
            for tile in [0, 1, 7, 16] {
                let drawn = try draw(logits, counters(3), greedy: true, tile: tile)
                #expect(drawn.tokens == [Int64](repeating: Int64(places[0]), count: 3), "\(places), tile \(tile)")
            }
        }
        let negative = [Float](repeating: -1e30, count: 9) + [-9e29]
        #expect(try draw(negative, counters(1), greedy: true, tile: 3).tokens == [9])
    }

    @Test(arguments: [false, true], [1, 0.7])
    func `the statistics are those of the drawn tokens`(greedy: Bool, temperature: Double) throws {
        var random = RandomSource(33)
        let (count, width, vocabulary) = (300, 9, 777)
        let (x, w) = (random.normals(count * width), random.normals(vocabulary * width))
        let numbers = counters(count).flatMap { $0 }
        for tile in [0, 100] {
            let (drawn, again) = try withTorchErrors {
                let hidden = Tensor(x, shape: [count, width])
                let weight = Tensor(w, shape: [vocabulary, width])
                let drawn = PolicyHeadKernels.sample(
                    hidden: hidden, weight: weight, temperature: temperature, greedy: greedy, seed: 3,
                    counters: numbers, tile: tile)
                let again = PolicyHeadKernels.statistics(
                    hidden: hidden, weight: weight, ids: Tensor(drawn.tokens), temperature: temperature, tile: tile)
                return (drawn.statistics.floats, again.floats)
            }
            #expect(drawn == again)
            #expect(drawn.allSatisfy { $0.isFinite })
        }
    }

    @Test func `a token of minus infinity is never drawn`() throws {
        var logits: [Float] = [.init(-Float.infinity), -.infinity, 0, -.infinity, 1, 0.5, -.infinity, -.infinity]
        for tile in [0, 1, 2, 3] {
            let drawn = try draw(logits, counters(2000), tile: tile)
            #expect(Set(drawn.tokens) == [2, 4, 5])
            #expect(drawn.statistics.allSatisfy { $0.isFinite })
        }
        logits[2] = -.infinity
        logits[5] = -.infinity
        #expect(try draw(logits, counters(50), tile: 2).tokens.allSatisfy { $0 == 4 })
    }

    @Test func `a row without a possible token is refused`() throws {
        for logits in [
            [Float](repeating: -.infinity, count: 4), [0, .nan, 1, 2], [0, 1, .infinity, 2], [.nan, .nan],
        ] {
            for (tile, greedy) in [(0, false), (1, false), (0, true), (1, true)] {
                let error = #expect(throws: TorchError.self) {
                    try draw(logits, counters(2), greedy: greedy, tile: tile)
                }
                #expect(
                    error?.message
                        == "sampling: the logits of row 0 are not finite: no token can be sampled from them")
            }
        }
    }
}
