// The policy head for devices other than the CPU, forced on CPU tensors, under the tests of the fused pass: same oracles, same bounds.

import Testing
import Torch
import Trajectories

@Suite struct LibraryHeadTests {
    @Test(arguments: [1, 2, 3, 15, 16, 17, 127, 128, 129, 255, 257, 511, 513, 1000, 2047, 2048, 2049, 4999])
    func `statistics of any vocabulary`(vocabulary: Int) throws {
        try withLibraryOperators {
            try PolicyHeadStatisticsTests().`a vocabulary of any size, in whole tiles and with a rest`(
                vocabulary: vocabulary)
        }
    }

    @Test func `statistics of random rows, tiles and temperatures, of ties and of extreme logits`() throws {
        let tests = PolicyHeadStatisticsTests()
        try withLibraryOperators {
            try tests.`a thousand random rows in random tiles at random temperatures`()
            try tests.`any tiling gives the same statistics`()
            try tests.`ties at the top, in one tile and across tiles`()
            try tests.`logits of ten thousand, of both signs and all very negative`()
            try tests.`the top and the token in every tile`()
            try tests.`logits of minus infinity have no probability and no S`()
            for place in [0, 3, 39] { try tests.`a NaN among the logits shows in every statistic`(place: place) }
            for rest in [1e-4, 1e-6, 1e-9] { try tests.`nearly certain tokens keep their small entropies`(rest: rest) }
            for size in [1, 2, 5, 128, 1000] {
                try tests.`on a flat row H is log V and every S is nothing`(vocabulary: size)
            }
            try tests.`a head in bfloat16 gives the statistics of its rounded weights`()
            try tests.`what does not fit is refused in a sentence`()
        }
    }

    @Test func `statistics of a whole vocabulary, from certainty to a flat row`() throws {
        try withLibraryOperators {
            try PolicyHeadStatisticsTests().`a whole vocabulary, from certainty to a flat row`()
        }
    }

    @Test func `the gradient follows finite differences and the formula`() throws {
        let tests = PolicyHeadGradientTests()
        try withLibraryOperators {
            try tests.`log p and H are differentiated through hidden states and head`()
            try tests.`a thousand random heads follow the formula`()
            for boost in [0.0, 3, 10, 16, 24] {
                try tests.`every component of dz is right on flat and on nearly certain rows`(boost: boost)
            }
            try tests.`rows without a gradient give zero rows and change no other`()
            try tests.`more rows than one block, and a head in bfloat16`()
        }
    }

    @Test(arguments: [0, 7, 1, 16], [1.0, 0.7, 2])
    func `frequencies of draws follow the softmax`(tile: Int, temperature: Double) throws {
        try withLibraryOperators {
            try PolicyHeadSamplingTests().`frequencies follow the softmax`(tile: tile, temperature: temperature)
        }
    }

    @Test func `draws are those of the shared Philox, greedy ones the first maximum, impossible rows refused`() throws {
        let tests = PolicyHeadSamplingTests()
        try withLibraryOperators {
            for seed: UInt64 in [0, 11, 0xDEAD_BEEF_0123_4567] {
                try tests.`one tile inverts the third and fourth word of the shared Philox`(seed: seed)
            }
            try tests.`a later tile replaces the candidate with its share of the mass`()
            try tests.`a draw does not depend on the batch around it`()
            try tests.`every coordinate and the seed change the draws`()
            try tests.`greedy takes the lowest id of the largest logit`()
            for greedy in [false, true] {
                for temperature in [1, 0.7] {
                    try tests.`the statistics are those of the drawn tokens`(greedy: greedy, temperature: temperature)
                }
            }
            try tests.`a token of minus infinity is never drawn`()
            try tests.`a row without a possible token is refused`()
        }
    }

    /// The library's route draws from every tile. The fused passes draw where a tile may be chosen: with tiles of 32 there are five to a
    /// section.
    @Test(arguments: [ProductTests.Way.float32, .bfloat16x3, .bfloat16], [0, 32])
    func `a row draws the same token as in the fused pass`(way: ProductTests.Way, tile: Int) throws {
        var random = RandomSource(94)
        let head = PolicyHeadPrecisionTests.Head(&random, rows: 400, width: 24, vocabulary: 5000)
        let counters = (0..<UInt32(head.rows)).flatMap { [$0, 1, 2, 3 | 1 << 24] as [UInt32] }
        func drawn(_ way: ProductTests.Way, greedy: Bool) throws -> [Int64] {
            try withTorchErrors {
                way.run {
                    PolicyHeadKernels.sample(
                        hidden: head.hidden, weight: head.weight, temperature: 0.9, greedy: greedy, seed: 5,
                        counters: counters, tile: tile
                    ).tokens
                }
            }
        }
        let byOperators = way == .bfloat16 ? ProductTests.Way.bfloat16ByOperators : .float32ByOperators
        for greedy in [false, true] {
            // a draw within rounding of the border between two tokens may fall to either side
            let differing = try zip(drawn(way, greedy: greedy), drawn(byOperators, greedy: greedy)).count { $0 != $1 }
            #expect(differing <= 1)
        }
    }
}
