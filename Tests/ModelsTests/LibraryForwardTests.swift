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
            try ParityTests().`decoding with a cache agrees with the full forward pass`(fixture: fixture)
        }
    }

    @Test(arguments: [(2, 2), (4, 2), (7, 1)])
    func `packed hidden states and gradients are those of every sequence by itself`(heads: Int, shared: Int) throws {
        try withLibraryOperators {
            try PackedForwardTests().`hidden states and gradients are those of every sequence by itself`(
                heads: heads, shared: shared)
        }
    }

    @Test func `every gradient is the slope of the loss, and a failed operator ends in its error`() throws {
        try withLibraryOperators {
            try ParityTests().`every parameter has a gradient, and it is the slope of the loss`()
            try ParityTests().`after a failed operator a model runs on to the error without a trap`()
        }
    }
}
