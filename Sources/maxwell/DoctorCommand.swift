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
        var float32Products, bfloat16Products: String
        /// Worst absolute error of a 64 × 64 matrix product against sums in double.
        var matmulError: Double
    }

    func run() throws {
        try Runtime.prepare()
        let findings = Findings(
            libtorch: Runtime.version, device: Runtime.cudaDevices > 0 ? "cuda" : "cpu",
            vectorCapability: Runtime.vectorCapability, sqlite: ExperienceStore.sqliteVersion, threads: Runtime.threads,
            kernelThreads: Runtime.kernelThreads, cudaDevices: Runtime.cudaDevices,
            float32Products: Runtime.productKernel(.float32), bfloat16Products: Runtime.productKernel(.bfloat16),
            matmulError: try matmulError())
        guard findings.matmulError < 1e-4 else {
            throw CommandError(
                "libtorch \(findings.libtorch) loads but multiplies matrices wrongly (error \(findings.matmulError)); fetch it again: remove .deps and run make build"
            )
        }
        if json { return try printJSON(findings) }
        print("libtorch            \(findings.libtorch)")
        print(
            "device              \(findings.device)\(findings.cudaDevices > 0 ? " (\(findings.cudaDevices) found; training runs on the CPU)" : "")"
        )
        let alone = findings.kernelThreads < findings.threads ? " (own kernels on 1: no OpenMP runtime found)" : ""
        print("threads             \(findings.threads)\(alone)")
        print("vector capability   \(findings.vectorCapability)")
        print("float32 products    \(findings.float32Products)")
        print("bfloat16 products   \(findings.bfloat16Products)")
        print("SQLite              \(findings.sqlite)")
        print("matrix product      correct (error \(findings.matmulError))")
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
