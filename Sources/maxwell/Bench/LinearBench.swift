// Matrix products: the peak that other measurements are held against, and a model's linear layers.

import Torch

enum LinearBench {
    static func group(_ plan: BenchPlan) -> BenchGroup {
        let shapes = [(256, 1024), (512, 2048), (896, 4864)]
        return BenchGroup(name: "linear", count: 2 * shapes.count + productCount, rounds: plan.rounds) {
            try products() + shapes.flatMap { try cases(rows: 2048, from: $0, to: $1) }
        }
    }

    static var productCount: Int { libraryDtypes.count + 1 }

    /// What libtorch multiplies at the processor's rate: bfloat16 products that it emulates take a minute each.
    private static var libraryDtypes: [DType] { Runtime.libraryEmulatesBFloat16 ? [.float32] : [.float32, .bfloat16] }

    /// Square products: libtorch's of each dtype, and a linear layer's at the measured precision.
    static func products() throws -> [BenchCase] {
        let size = 2048
        let operations = 2 * Double(size * size * size)
        let (a, b) = try withTorchErrors {
            (RandomTensor.normal([size, size], seed: 3), RandomTensor.normal([size, size], seed: 4))
        }
        let library = try libraryDtypes.map { dtype in
            let (left, right) = try withTorchErrors { (a.cast(to: dtype), b.cast(to: dtype)) }
            return BenchCase("matmul/\(dtype)", operations: operations) {
                _ = try withTorchErrors { left.matmul(right) }
                return [:]
            }
        }
        let operands = Runtime.operands(Runtime.precision)
        return library + [
            BenchCase("product/\(operands.dtype)", operations: Double(operands.products) * operations) {
                _ = try withTorchErrors { withoutGradient { a.linear(b) } }
                return [:]
            }
        ]
    }

    /// Reading what no cache holds.
    static func reading() throws -> BenchCase {
        let numbers = try withTorchErrors { Tensor.zeros([1 << 26]) }
        return BenchCase("read", bytes: 4 * Double(numbers.count)) {
            _ = try withTorchErrors { numbers.sum() }
            return [:]
        }
    }

    private static func cases(rows: Int, from inputs: Int, to outputs: Int) throws -> [BenchCase] {
        let (x, weight, seed) = try withTorchErrors {
            let x = RandomTensor.normal([rows, inputs], seed: 5)
            let weight = RandomTensor.normal([outputs, inputs], seed: 6, deviation: 0.02)
            x.requireGradient()
            weight.requireGradient()
            return (x, weight, RandomTensor.normal([rows, outputs], seed: 7))
        }
        let operations = 2 * Double(rows) * Double(inputs) * Double(outputs)
        let name = "\(rows)x\(inputs)x\(outputs)"
        return [
            BenchCase("\(name)/forward", operations: operations) {
                _ = try withTorchErrors { withoutGradient { x.linear(weight) } }
                return [:]
            },
            BenchCase("\(name)/forward_backward", operations: 3 * operations) {
                _ = try withTorchErrors { gradients(of: [x.linear(weight)], seeds: [seed], by: [x, weight]) }
                return [:]
            },
        ]
    }
}
