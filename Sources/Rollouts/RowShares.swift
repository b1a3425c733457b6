// How the rows of a decoding step are shared out among threads.

import Models

/// A decoding step either runs operator by operator, each on all threads, or share by share, each thread taking its rows
/// through all layers.
///
/// The first reads every weight once and has the threads meet at every operator; the second has them meet once and reads
/// every weight once per thread. A small model waits, a large one reads.
enum RowShares {
    /// Bytes of one layer's weights up to which the meetings of a layer cost more than reading it once per thread:
    /// at 8.4 MB both took as long (docs/performance.md).
    static let layerBytesLimit = 8 << 20

    /// Consecutive ranges that cover the rows, as equal as can be: one per thread, or a single one.
    static func ranges(rows: Int, threads: Int, layerBytes: Int) -> [Range<Int>] {
        let shares = layerBytes <= layerBytesLimit ? max(1, min(threads, rows)) : 1
        return (0..<shares).map { rows * $0 / shares..<rows * ($0 + 1) / shares }
    }
}
