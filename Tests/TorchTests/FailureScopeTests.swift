// What happens when tensor code fails: one error, libtorch's sentence, and nothing done afterwards.

import Foundation
import Testing
import Torch

@Suite struct FailureScopeTests {
    struct Interruption: Error {}

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
        let cache = try withTorchErrors { Tensor.zeros([1, 1, 2, 2]) }
        #expect(throws: TorchError.self) {
            try withTorchErrors {
                let missing = Tensor.zeros([2, 3]).matmul(.zeros([2, 3]))
                target.assign(other)
                target.accumulate(other)
                appendToCache(
                    keys: Tensor([1, 1] as [Float], shape: [1, 1, 2]),
                    values: Tensor([1, 1] as [Float], shape: [1, 1, 2]),
                    keyCache: cache, valueCache: cache, slots: [0], positions: [0])
                var optimiser = AdamW([target], options: .init())
                let result = optimiser.step(gradients: [other], learningRate: 1)
                #expect(optimiser.stepCount == 0)
                #expect(!result.gradientNorm.isFinite)
                #expect(missing.shape == [] && missing.count == 0 && missing.floats == [])
                #expect(gradients(of: [missing], seeds: [missing], by: [target]).count == 1)
            }
        }
        let (left, kept) = try withTorchErrors { (target.floats, cache.floats) }
        #expect(left == [1, 2])
        #expect(kept == [0, 0, 0, 0])
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
            (
                "attention heads",
                {
                    Tensor.zeros([1, 2, 3, 4]).causalAttention(
                        keys: .zeros([1, 2, 2, 4]), values: .zeros([1, 2, 2, 4]), scale: 1)
                }
            ),
            (
                "cache position",
                {
                    Tensor.zeros([1, 2, 4]).cachedAttention(
                        keyCache: .zeros([1, 2, 3, 4]), valueCache: .zeros([1, 2, 3, 4]), slots: [0], positions: [3],
                        scale: 1)
                }
            ),
            (
                "cache slot",
                {
                    Tensor.zeros([1, 2, 4]).cachedAttention(
                        keyCache: .zeros([1, 2, 3, 4]), valueCache: .zeros([1, 2, 3, 4]), slots: [-1], positions: [0],
                        scale: 1)
                }
            ),
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
