// What `maxwell bench` found, in the shape of its JSON.

import Analysis
import Foundation
import Torch

struct BenchReport: Encodable {
    var machine: BenchMachine
    /// What matrix products round their operands to.
    var precision: String
    var isQuick: Bool
    var measurements: [BenchMeasurement]
    var series: [BenchSeries]
}

/// Where it was measured, and how busy the machine was.
struct BenchMachine: Encodable {
    var processor: String
    var cores, threads: Int
    var libtorch: String
    /// The instruction set that libtorch's and Maxwell's kernels were chosen for.
    var vectorCapability: String
    /// The kernel of the products at the measured precision.
    var products: String
    var device: String
    /// How the policy head's tiles of logits are reduced there.
    var headReduction: String
    var waitPolicy: String
    var loadBefore: Double
    var loadAfter: Double?

    init() {
        let information = FileManager.default.contents(atPath: "/proc/cpuinfo") ?? Data()
        let named = String(decoding: information, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("model name")
        }
        processor = named?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        cores = ProcessInfo.processInfo.processorCount
        threads = Runtime.threads
        libtorch = Runtime.version
        vectorCapability = Runtime.vectorCapability
        products = Runtime.productKernel(Runtime.precision)
        device = Runtime.device.rawValue
        headReduction = Runtime.headReduction(on: Runtime.device)
        let environment = ProcessInfo.processInfo.environment
        waitPolicy =
            (environment["OMP_WAIT_POLICY"] ?? "libtorch's own")
            + (environment["GOMP_SPINCOUNT"].map { " after \($0) spins" } ?? "")
        loadBefore = Self.load
    }

    /// Processes that wanted a core, averaged over the last minute.
    static var load: Double {
        var averages = [0.0]
        return getloadavg(&averages, 1) == 1 ? averages[0] : .nan
    }
}

struct BenchMeasurement: Encodable {
    /// `group/what/variant`.
    var name: String
    /// Median over the rounds, and the least.
    var seconds, best: Double
    /// Median of the seconds that all threads together computed.
    var cpuSeconds: Double
    var rounds: Int
    /// Medians by part, where the case knows its parts.
    var parts: [String: Double]
    /// From the median.
    var gigaflops, tokensPerSecond: Double?
    /// `gigaflops` as a share of libtorch's square matrix product in the same rounds.
    var shareOfFloat32Peak, shareOfBfloat16Peak: Double?
    /// Per second, from the median, of a case that only reads.
    var gigabytes: Double?
    /// The case's limit, from rates of the same rounds, as a share of `seconds`: 1 is as fast as can be.
    var shareOfLimit: Double?
    /// Peak resident memory of the process during one run, everything that the group holds included.
    var peakBytes: Int?

    init(_ item: BenchCase, _ group: String, _ samples: [[String: Double]], peakBytes: Int?) {
        name = "\(group)/\(item.name)"
        let totals = samples.compactMap { $0["total"] }
        seconds = median(totals)
        best = totals.min() ?? .nan
        cpuSeconds = median(samples.compactMap { $0["cpu"] })
        rounds = samples.count
        parts = [:]
        for part in Set(samples.flatMap(\.keys)) where part != "total" && part != "cpu" {
            parts[part] = median(samples.compactMap { $0[part] })
        }
        gigaflops = item.operations.map { [seconds] in $0 / seconds / 1e9 }
        tokensPerSecond = item.tokens.map { [seconds] in $0 / seconds }
        gigabytes = item.bytes.map { [seconds] in $0 / seconds / 1e9 }
        self.peakBytes = peakBytes
    }

    func withShares(of peaks: BenchPeaks, limit: BenchLimit?) -> BenchMeasurement {
        var result = self
        result.shareOfFloat32Peak = share(peaks.gigaflops[.float32])
        result.shareOfBfloat16Peak = share(peaks.gigaflops[.bfloat16])
        if let limit, let peak = peaks.fastest(limit.dtype), let read = peaks.gigabytes {
            result.shareOfLimit = max(limit.bytes / read, limit.operations / peak) / 1e9 / seconds
        }
        return result
    }

    private func share(_ peak: Double?) -> Double? {
        guard let own = gigaflops, let peak else { return nil }
        return own / peak
    }
}

/// Rates per second of the machine in a group's rounds: square products by dtype, and reading memory.
struct BenchPeaks {
    /// libtorch's products.
    var gigaflops: [DType: Double] = [:]
    /// A linear layer's.
    var own: [DType: Double] = [:]
    var gigabytes: Double?

    init(_ measurements: [BenchMeasurement]) {
        for dtype in [DType.float32, .bfloat16] {
            gigaflops[dtype] = measurements.first { $0.name.hasSuffix("/matmul/\(dtype)") }?.gigaflops
            own[dtype] = measurements.first { $0.name.hasSuffix("/product/\(dtype)") }?.gigaflops
        }
        gigabytes = measurements.first { $0.name.hasSuffix("/read") }?.gigabytes
    }

    /// Of libtorch's product and a linear layer's.
    func fastest(_ dtype: DType) -> Double? { [gigaflops[dtype], own[dtype]].compactMap { $0 }.max() }
}

/// One part's cost over a varied size.
struct BenchSeries: Encodable {
    struct Point: Encodable {
        var size, seconds: Double
    }
    var name, variable: String
    var points: [Point]
    /// Null where a cost was too small for the clock.
    var fit: ScalingFit?
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
