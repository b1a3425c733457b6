// Cutting a mini-batch into micro-batches that fit a token budget; a pure function of lengths.

/// Which sequences are computed together.
public enum BatchPacking {
    /// Micro-batches as lists of sequence indices, longest sequences first, so that padding to a common length wastes little.
    ///
    /// A micro-batch of n sequences whose longest has T tokens costs n·T; that stays within `budget` unless a single sequence
    /// exceeds it, which then stands alone. Every index appears exactly once; the result depends on the lengths only.
    public static func microBatches(lengths: [Int], budget: Int) -> [[Int]] {
        let order = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
        var batches: [[Int]] = []
        var longest = 0
        for index in order {
            if let current = batches.last, (current.count + 1) * longest <= budget {
                batches[batches.count - 1].append(index)
            } else {
                batches.append([index])
                longest = max(1, lengths[index])
            }
        }
        return batches
    }
}
