// The operators for devices other than the CPU, forced on CPU tensors, under the tests of the fused passes: same oracles, same bounds.
//
// Left out is what only the fused passes promise: bits of a row that do not depend on the rows beside it, where a product's shape
// chooses its kernel. `ProductTests.Way` takes linear layers and the head's random shapes through the same operators.

import Testing
import Torch
import Trajectories

@Suite struct LibraryOperatorTests {
    @Test func `layers and their gradients follow their definitions`() throws {
        let tests = GradientTests()
        try withLibraryOperators {
            for width in [1, 2, 16, 20, 67] { try tests.`RMSNorm of any width`(width: width) }
            try tests.`RMSNorm of views with gaps`()
            for shape in [[1], [3, 5], [7, 33]] { try tests.SwiGLU(shape: shape) }
            try tests.`SwiGLU saturates without overflow`()
            try tests.`rotary embedding, with angles per position and per sequence`()
            try tests.`linear with and without bias`()
            try tests.`an embedding adds up the rows that occur twice`()
        }
    }

    @Test(arguments: FeedForwardTests.shapes) func `the feed-forward layer`(shape: [Int]) throws {
        try withLibraryOperators {
            try FeedForwardTests().`in float32 it is the composition of its layers`(shape: shape)
            try FeedForwardTests().`in bfloat16 only the operands are rounded`(shape: shape)
        }
    }

    @Test(arguments: ComputePrecision.allCases, [true, false])
    func `the three projections`(precision: ComputePrecision, hasBias: Bool) throws {
        try withLibraryOperators {
            try FeedForwardTests().`projections are three linear layers`(precision: precision, hasBias: hasBias)
        }
    }

    @Test(arguments: [(3, 3), (4, 2), (7, 1), (14, 2), (1, 1)])
    func `attention of small groups follows its definition`(heads: Int, shared: Int) throws {
        try withLibraryOperators {
            try GradientTests().`attention of groups with shared key heads`(heads: heads, shared: shared)
        }
    }

    @Test(arguments: AttentionTests.shapes.indices) func `attention that shares prompts`(index: Int) throws {
        let tests = AttentionTests()
        try withLibraryOperators {
            try tests.`sharing a prompt gives the numbers of every sequence by itself, and their gradients`(
                index: index)
        }
        // and the two are the same numbers
        let layout = PackedLayout(AttentionTests.groups)
        try withTorchErrors {
            let given = AttentionTests.Case(AttentionTests.shapes[index], rows: layout.rowCount)
            func results() -> [[Float]] {
                given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: given.scale) }
            }
            let worst = tests.errors(withLibraryOperators(results), results())
            #expect(worst.allSatisfy { $0 < 1e-5 }, "\(worst)")
        }
    }

    @Test(arguments: [true, false]) func `decoding over shared prefixes and without`(sharing: Bool) throws {
        try withLibraryOperators {
            try CachedAttentionTests().`a row is the last row of causal attention, with a shared prefix or without`(
                sharing: sharing)
        }
    }

    @Test func `a decoded row is the same, but for rounding, whatever rows and slots are beside it`() throws {
        let given = CachedAttentionTests.given
        let order = Array(given.sequences.indices)
        func decoded(_ order: [Int]) throws -> [[Float]] {
            try withTorchErrors { withLibraryOperators { given.decoded(order, sharing: true) } }
        }
        let all = try decoded(order)
        let backwards = Array(try decoded(order.reversed()).reversed())
        let some = try decoded([79, 4, 38])
        for (row, other) in zip(all + [all[79], all[4], all[38]], backwards + some) {
            #expect(zip(row, other).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func `what does not fit a cache is refused`() throws {
        let error = #expect(throws: TorchError.self) {
            try withTorchErrors {
                withLibraryOperators {
                    let rows = Tensor.zeros([1, 2, 8])
                    KeyValuePanels(slots: 3, heads: 2, length: 5, width: 8)
                        .append(keys: rows, values: rows, slots: [1], places: [5])
                }
            }
        }
        #expect(error?.message == "append to cache: slot 1, place 5 lies outside a cache of 3 slots of 5")
    }

    @Test(arguments: [(0.0, Double.infinity), (0.1, 1), (0.01, 1e9)])
    func `AdamW follows its definition`(decay: Double, norm: Double) throws {
        try withLibraryOperators {
            try AdamWTests().`fifty random steps follow the definition`(decay: decay, norm: norm)
        }
    }

    @Test func `AdamW projects, clips, minimises and refuses as the fused pass does`() throws {
        let tests = AdamWTests()
        try withLibraryOperators {
            try tests.`the projection is direction times what the parameters really moved`()
            for poison in [Float.nan, .infinity, -.infinity] {
                try tests.`a gradient that is not finite changes nothing`(poison: poison)
            }
            try tests.`the global norm is that of all tensors together`()
            try tests.`a clipped gradient moves as its direction at the allowed norm`()
            try tests.`a quadratic is minimised`()
            try tests.`parts that do not belong together are refused before anything is written`()
        }
    }

    @Test func `a corrected step, its geometry and inner products follow their definitions`() throws {
        let tests = AdamWCorrectionTests()
        try withLibraryOperators {
            for (decay, norm) in [(0.0, Double.infinity), (0.1, 1), (0.1, 1e9)] {
                try tests.`geometry and corrected parameters are those of the definition`(decay: decay, norm: norm)
            }
            try tests.`the moments never see a correction, and a factor of 0 or nan corrects nothing`()
            try tests.`a refused step is not corrected, and neither is one without a direction`()
            try tests.`inner products are in the metric of the step to come, and writing nothing`()
        }
    }

    @Test func `a step writes weights, and packed copies learn of it`() throws {
        try withLibraryOperators {
            for precision in ComputePrecision.allCases {
                try ProductTests().`a written weight is packed again`(precision: precision)
            }
        }
    }

    @Test func `the scope ends, and a thread's device is its own`() throws {
        #expect(!Runtime.usesLibraryOperators && Runtime.device == .cpu)
        withLibraryOperators { #expect(Runtime.usesLibraryOperators) }
        #expect(!Runtime.usesLibraryOperators)
        withDevice(.cuda) {
            #expect(Runtime.device == .cuda && Runtime.usesLibraryOperators)
            withDevice(.cpu) { #expect(Runtime.device == .cpu) }
        }
        #expect(Runtime.device == .cpu)
    }

    @Test(.enabled(if: Runtime.cudaDevices == 0)) func `a device that is not there is refused in a sentence`() throws {
        #expect(try Device.cpu.checked() == .cpu)
        let error = #expect(throws: TorchError.self) { try Device.cuda.checked() }
        #expect(error?.code == .unsupported)
        #expect(
            error?.message.hasPrefix(
                "device cuda was asked for, but libtorch \(Runtime.version) "
                    + (Runtime.hasCUDA ? "finds no NVIDIA GPU that answers" : "was built without CUDA")) == true)
        #expect(Runtime.headReduction(on: .cuda) == "none: no CUDA device")
        #expect(throws: TorchError.self) { try withTorchErrors { Tensor.zeros([2], device: .cuda) } }
    }
}
