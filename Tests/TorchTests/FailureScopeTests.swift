// What happens when tensor code fails: one error, libtorch's sentence, and nothing done afterwards.

import Foundation
import Testing
import Torch

@Suite struct FailureScopeTests {
    struct Interruption: Error {}

    static func attention(_ q: [Int], _ k: [Int], _ groups: [PackedLayout.Group]) -> Tensor {
        Tensor.zeros(q).attention(keys: .zeros(k), values: .zeros(k), layout: PackedLayout(groups), scale: 1)
    }

    static func cachedAttention(slot: Int64, place: Int64, prefix: Int64 = -1, width: Int = 4) -> Tensor {
        Tensor.zeros([1, 2, 4]).cachedAttention(
            KeyValuePanels(slots: 1, heads: 2, length: 3, width: width),
            rows: CachedRows(slots: [slot], places: [place], prefixes: [prefix]), scale: 1)
    }

    @Test func `the first failure is thrown, in libtorch's words`() throws {
        let error = #expect(throws: TorchError.self) {
            try withTorchErrors {
                let product = Tensor.zeros([2, 3]).matmul(.zeros([2, 3]))
                return product.reshaped([7]) + Tensor.zeros([5])
            }
        }
        #expect(error?.code == .invalid)
        #expect(error?.message == "matmul: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)")
        #expect(error?.place == "matmul")
    }

    @Test func `what comes after a failure changes nothing`() throws {
        let (target, other) = try withTorchErrors { (Tensor([1, 2] as [Float]), Tensor([5, 5] as [Float])) }
        let cache = try withTorchErrors { KeyValuePanels(slots: 1, heads: 1, length: 2, width: 2) }
        func cached() throws -> [Float] {
            try withTorchErrors {
                let rows = CachedRows(slots: [0], places: [0], prefixes: [-1])
                return Tensor([1, 1] as [Float], shape: [1, 1, 2]).cachedAttention(cache, rows: rows, scale: 1).floats
            }
        }
        #expect(throws: TorchError.self) {
            try withTorchErrors {
                let missing = Tensor.zeros([2, 3]).matmul(.zeros([2, 3]))
                target.assign(other)
                target.accumulate(other)
                cache.append(
                    keys: Tensor([1, 1] as [Float], shape: [1, 1, 2]),
                    values: Tensor([1, 1] as [Float], shape: [1, 1, 2]), slots: [0], places: [0])
                var optimiser = AdamW([target], options: .init())
                let result = optimiser.step(gradients: [other], learningRate: 1)
                #expect(optimiser.stepCount == 0)
                #expect(!result.gradientNorm.isFinite)
                #expect(missing.shape == [] && missing.count == 0 && missing.floats == [])
                #expect(gradients(of: [missing], seeds: [missing], by: [target]).count == 1)
            }
        }
        #expect(try withTorchErrors { target.floats } == [1, 2])
        #expect(try cached() == [0, 0])
    }

    @Test func `an error thrown after a failed operator gives way to the operator's`() throws {
        let error = #expect(throws: TorchError.self) {
            try withTorchErrors {
                _ = Tensor.zeros([2]).reshaped([3])
                throw Interruption()
            }
        }
        #expect(error?.message == "reshape: shape '[3]' is invalid for input of size 2")
        #expect(throws: Interruption.self) { try withTorchErrors { throw Interruption() } }
    }

    @Test func `scopes nest, and a failure stays in its own`() throws {
        try withTorchErrors {
            #expect(throws: TorchError.self) { try withTorchErrors { Tensor.zeros([2]) + Tensor.zeros([3]) } }
            #expect((Tensor([1] as [Float]) + Tensor([2] as [Float])).floats == [3])
        }
    }

    @Test func `arguments of any kind are refused, none crashes`() throws {
        let attempts: [(String, () -> Tensor)] = [
            ("negative extent", { .zeros([-1]) }), ("far too large", { .zeros([1 << 40, 1 << 10]) }),
            ("overflowing", { .zeros([1 << 40, 1 << 40]) }),
            ("bytes", { Tensor([1, 2, 3] as [Float], shape: [2]) }), ("reshape", { Tensor.zeros([4]).reshaped([-2]) }),
            ("axis", { Tensor.zeros([4]).transposed(0, 3) }), ("slice", { Tensor.zeros([4]).slice(2..<9) }),
            ("slice of a scalar", { Tensor.zeros([]).slice(0..<1) }), ("rows", { Tensor.zeros([4]).rows([4]) }),
            ("embedding", { Tensor.zeros([4, 2]).embedding(Tensor([9] as [Int64])) }),
            ("embedding dtype", { Tensor.zeros([4, 2]).embedding(Tensor([1] as [Float])) }),
            ("linear", { Tensor.zeros([4, 2]).linear(.zeros([3, 5])) }),
            ("bias", { Tensor.zeros([4, 2]).linear(.zeros([3, 2]), bias: .zeros([7])) }),
            ("norm", { Tensor.zeros([4, 2]).rmsNorm(.zeros([3]), epsilon: 1e-6) }),
            ("norm of a scalar", { Tensor.zeros([]).rmsNorm(.zeros([1]), epsilon: 1e-6) }),
            ("swiglu", { Tensor.zeros([4, 2]).swiglu(.zeros([2, 4])) }),
            ("rotary rank", { Tensor.zeros([4, 2]).rotary(cosine: .zeros([4, 1]), sine: .zeros([4, 1])) }),
            ("rotary angles", { Tensor.zeros([2, 4, 1, 2]).rotary(cosine: .zeros([2, 1]), sine: .zeros([2, 1])) }),
            ("rotary width 0", { Tensor.zeros([1, 2, 1, 0]).rotary(cosine: .zeros([2, 0]), sine: .zeros([2, 0])) }),
            ("attention heads", { Self.attention([2, 3, 4], [2, 2, 4], [.init(prompt: 2)]) }),
            ("attention rows", { Self.attention([2, 2, 4], [2, 2, 4], [.init(prompt: 1, completions: [2])]) }),
            ("cache place", { Self.cachedAttention(slot: 0, place: 3) }),
            ("cache slot", { Self.cachedAttention(slot: -1, place: 0) }),
            ("cache prefix", { Self.cachedAttention(slot: 0, place: 0, prefix: 0) }),
            ("cache width", { Self.cachedAttention(slot: 0, place: 0, width: 5) }),
        ]
        for (name, attempt) in attempts {
            let error = #expect(throws: TorchError.self, "\(name)") { try withTorchErrors { attempt() } }
            #expect(error?.message.contains("Exception raised") == false, "\(name)")
        }
        #expect(try withTorchErrors { Tensor([1, 2] as [Int64]).values(as: Int64.self) } == [1, 2])
        #expect(throws: TorchError.self) { try withTorchErrors { Tensor([1, 2] as [Int64]).values(as: Float.self) } }
    }

    @Test func `grad mode is restored, also when the body throws`() throws {
        try withTorchErrors {
            let x = Tensor([3] as [Float])
            x.requireGradient()
            let one = Tensor([1] as [Float])
            func slope() -> [Float] { gradients(of: [x * x], seeds: [one], by: [x])[0].floats }
            #expect(slope() == [6])
            let outside = withoutGradient { withoutGradient { x * x } }
            #expect(throws: TorchError.self) { try withTorchErrors { gradients(of: [outside], seeds: [one], by: [x]) } }
            #expect(slope() == [6])
            #expect(throws: Interruption.self) { try withoutGradient { throw Interruption() } }
            #expect(slope() == [6])
            #expect(throws: TorchError.self) {
                try withTorchErrors { gradients(of: [x.detached()], seeds: [one], by: [x]) }
            }
        }
    }
}
