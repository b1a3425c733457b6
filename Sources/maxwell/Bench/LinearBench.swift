// Matrix products: the peak that other measurements are held against, and a model's linear layers.

import Torch

enum LinearBench {
    static func group(_ plan: BenchPlan) -> BenchGroup {
        let shapes = [(256, 1024), (512, 2048), (896, 4864)]
        return BenchGroup(name: "linear", count: 2 * shapes.count + 2, rounds: plan.rounds) {
            try products() + shapes.flatMap { try cases(rows: 2048, from: $0, to: $1) }
        }
    }

    /// Square products of both dtypes.
    static func products() throws -> [BenchCase] {
        let size = 2048
        return try [DType.float32, .bfloat16].map { dtype in
            let (a, b) = try withTorchErrors {
                (
                    RandomTensor.normal([size, size], seed: 3).cast(to: dtype),
                    RandomTensor.normal([size, size], seed: 4).cast(to: dtype)
                )
            }
            return BenchCase("matmul/\(dtype)", operations: 2 * Double(size * size * size)) {
                _ = try withTorchErrors { a.matmul(b) }
                return [:]
            }
        }
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
