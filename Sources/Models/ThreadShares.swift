// How the work of a small model is shared out among threads: each takes its part through all layers.

public import Torch

/// A pass either runs operator by operator, each on all threads, or part by part, each thread computing its own rows through all
/// operators (`inParts`).
///
/// The first reads every weight once and has the threads meet at every operator; the second has them meet once and reads
/// every weight once per thread. A small model waits, a large one reads.
public enum ThreadShares {
    /// Bytes of one layer's weights up to which the meetings of a layer cost more than reading it once per thread:
    /// at 8.4 MB both took as long (docs/performance.md).
    public static let layerBytesLimit = 8 << 20

    /// How many parts a pass of `config` over `pieces` independent pieces of work runs in, at the present precision and device.
    public static func count(_ config: ModelConfig, pieces: Int, threads: Int = Runtime.kernelThreads) -> Int {
        let layerBytes = config.layerParameterCount * Runtime.precision.operandBytes
        guard !Runtime.usesLibraryOperators, layerBytes <= layerBytesLimit else { return 1 }
        return max(1, min(threads, pieces))
    }

    /// Consecutive ranges that cover 0..<pieces, as equal as can be.
    public static func ranges(_ pieces: Int, parts: Int) -> [Range<Int>] {
        (0..<parts).map { pieces * $0 / parts..<pieces * ($0 + 1) / parts }
    }
}
