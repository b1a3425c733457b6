// How the work of a small model is shared out among threads: each takes its part through all layers.

public import Torch

/// A pass either runs operator by operator, each on all threads, or part by part, each thread computing its own rows through all
/// operators (`inParts`).
///
/// The first reads every weight once and has the threads meet at every operator; the second has them meet once, reads every
/// weight once per thread and sums a gradient per thread. A small model waits, a large one reads. The limits are measured:
/// docs/performance.md.
public enum ThreadShares {
    /// Bytes of one layer's weights up to which decoding is faster in parts: 8.4 MB are 1.13 times, 16.8 MB 0.97 times as fast.
    public static let decodedLayerBytes = 12 << 20
    /// Bytes of one gradient up to which updates run in parts, for each more thread holds one more of every gradient.
    public static let gradientBytes = 256 << 20

    /// Parts of decoding `rows` completions, at the present precision and device.
    public static func decoding(_ config: ModelConfig, rows: Int, threads: Int = Runtime.kernelThreads) -> Int {
        let isSmall = config.layerParameterCount * Runtime.precision.operandBytes <= decodedLayerBytes
        return isSmall && !Runtime.usesLibraryOperators ? max(1, min(threads, rows)) : 1
    }

    /// Parts of an update with enough sequences, on a CPU.
    public static func updating(_ config: ModelConfig, threads: Int) -> Int {
        4 * config.parameterCount <= gradientBytes ? max(1, threads) : 1
    }

    /// Parts of an update of some sequences, on the present device.
    public static func updating(_ config: ModelConfig, sequences: Int, threads: Int = Runtime.kernelThreads) -> Int {
        Runtime.usesLibraryOperators ? 1 : min(updating(config, threads: threads), max(1, sequences))
    }

    /// Consecutive ranges that cover 0..<pieces, as equal as can be.
    public static func ranges(_ pieces: Int, parts: Int) -> [Range<Int>] {
        (0..<parts).map { pieces * $0 / parts..<pieces * ($0 + 1) / parts }
    }
}
