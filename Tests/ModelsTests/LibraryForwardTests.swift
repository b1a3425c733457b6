// Whole models on the operators for devices other than the CPU, forced on CPU tensors, under the tests of the fused passes.

import Models
import Testing
import Torch

@Suite struct LibraryForwardTests {
    @Test(arguments: Fixture.all) func `logits, packing and decoding are those of transformers`(fixture: Fixture) throws
    {
        try withLibraryOperators {
            try ParityTests().`logits are those of transformers`(fixture: fixture)
            try ParityTests().`a packed batch gives every sequence its own logits`(fixture: fixture)
            // BLAS sums few rows in another order than many, which the fused passes do not. A sum of 64 terms is then off by some
            // sqrt(64) roundings, and a logit after some twenty products by sqrt(20) times that: 36 units in the last place of the
            // greatest one, of which 28 were seen (MKL on an AMD processor)
            try ParityTests().decode(fixture) { 36 * 0x1p-23 * max(1, $0) }
        }
    }

    @Test(arguments: [(.qwen2, 4, 2), (.qwen2, 7, 1), (.qwen3, 4, 2), (.gemma3, 4, 2)] as [(ModelFamily, Int, Int)])
    func `packed hidden states and gradients are those of every sequence by itself`(
        family: ModelFamily, heads: Int, shared: Int
    ) throws {
        try withLibraryOperators {
            try PackedForwardTests().`hidden states and gradients are those of every sequence by itself`(
                family: family, heads: heads, shared: shared)
        }
    }

    @Test(arguments: [2, 4, 11].map { Fixture.all[$0] })
    func `every gradient is the slope of the loss, and a failed operator ends in its error`(fixture: Fixture) throws {
        try withLibraryOperators {
            try ParityTests().`every parameter has a gradient, and it is the slope of the loss`(fixture: fixture)
            try ParityTests().`after a failed operator a model runs on to the error without a trap`()
        }
    }
}
