// `maxwell doctor`: proves that libtorch loads, and says what it found.

import ArgumentParser
import Runs
import Torch

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "What was found: libtorch, device, threads, vector capability, SQLite.")

    @Flag(help: "Print the result as JSON.") var json = false

    struct Findings: Encodable {
        var libtorch, device, vectorCapability, sqlite: String
        var threads, kernelThreads, cudaDevices: Int
        /// How products are computed at each precision.
        var float32Products, bfloat16x3Products, bfloat16Products: String
        /// How tiles of the policy head's logits are reduced.
        var headReduction: String
        /// How decoding steps are launched.
        var decodingSteps: String
        /// Worst absolute error of a 64 × 64 matrix product against sums in double.
        var matmulError: Double
    }

    func run() throws {
        try Runtime.prepare()
        let device = Runtime.cudaDevices > 0 ? Device.cuda : .cpu
        // where a GPU answers its kernels are told, and its products tried beside the CPU's
        let findings = try withDevice(device) { try find(device) }
        guard findings.matmulError < 1e-4 else {
            throw CommandError(
                "libtorch \(findings.libtorch) loads but multiplies matrices wrongly (error \(findings.matmulError)); fetch it again: remove .deps and run make build"
            )
        }
        if json { return try printJSON(findings) }
        print("libtorch            \(findings.libtorch)")
        let found =
            switch findings.cudaDevices {
            case 0: Runtime.hasCUDA ? "libtorch has CUDA, but no GPU answers" : "libtorch was built without CUDA"
            case let count: "\(count) found; used where device is cuda"
            }
        print("device              \(findings.device) (\(found))")
        let alone = findings.kernelThreads < findings.threads ? " (own kernels on 1: no OpenMP runtime found)" : ""
        print("threads             \(findings.threads)\(alone)")
        print("vector capability   \(findings.vectorCapability)")
        print("float32 products    \(findings.float32Products)")
        print("bfloat16x3 products \(findings.bfloat16x3Products)")
        print("bfloat16 products   \(findings.bfloat16Products)")
        print("head reduction      \(findings.headReduction)")
        print("decoding steps      \(findings.decodingSteps)")
        print("SQLite              \(findings.sqlite)")
        print("matrix product      correct (error \(findings.matmulError))")
    }

    private func find(_ device: Device) throws -> Findings {
        let error = try matmulError()
        return Findings(
            libtorch: Runtime.version, device: device.rawValue, vectorCapability: Runtime.vectorCapability,
            sqlite: ExperienceStore.sqliteVersion, threads: Runtime.threads, kernelThreads: Runtime.kernelThreads,
            cudaDevices: Runtime.cudaDevices, float32Products: Runtime.productKernel(.float32),
            bfloat16x3Products: Runtime.productKernel(.bfloat16x3), bfloat16Products: Runtime.productKernel(.bfloat16),
            headReduction: Runtime.headReduction(on: device), decodingSteps: Runtime.graphSupport(on: device),
            matmulError: max(error, try withDevice(.cpu) { try matmulError() }))
    }

    /// Runs libtorch once: a library that loads can still be broken.
    private func matmulError() throws -> Double {
        let size = 64
        let a = (0..<(size * size)).map { Float(($0 * 37) % 101) / 101 - 0.5 }
        let b = (0..<(size * size)).map { Float(($0 * 53) % 97) / 97 - 0.5 }
        let product = try withTorchErrors {
            Tensor(a, shape: [size, size]).matmul(Tensor(b, shape: [size, size])).floats
        }
        return (0..<(size * size)).reduce(0.0) { worst, index in
            let (row, column) = index.quotientAndRemainder(dividingBy: size)
            let exact = (0..<size).reduce(0.0) { $0 + Double(a[row * size + $1]) * Double(b[$1 * size + column]) }
            return max(worst, abs(exact - Double(product[index])))
        }
    }
}
