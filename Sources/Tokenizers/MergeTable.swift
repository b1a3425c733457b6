// Byte-pair merging of one word.

/// The merges of a tokenizer by pair.
struct MergeTable {
    /// `rank << 32 | merged token` by `left << 32 | right`. Ranks ascend in the order of the file; the lowest goes first.
    private var merges: [UInt64: UInt64] = [:]

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Adds a merge; a later one of the same pair replaces the earlier.
    mutating func add(_ left: Int32, _ right: Int32, into merged: Int32, rank: Int) {
        merges[Self.key(left, right)] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merged))
    }

    mutating func reserveCapacity(_ count: Int) { merges.reserveCapacity(count) }

    private func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, token: Int32)? {
        guard let found = merges[Self.key(left, right)] else { return nil }
        return (UInt32(truncatingIfNeeded: found >> 32), Int32(truncatingIfNeeded: found))
    }

    /// Appends the tokens that a word's first symbols become: again and again the pair of lowest rank, of these the
    /// leftmost, is merged.
    func appendTokens(merging first: [Int32], to ids: inout [Int32]) {
        if first.count < 2 {
            ids.append(contentsOf: first)
            return
        }
        // A doubly linked list over the symbols; one that was merged into its left neighbour holds -1.
        var symbols = first
        var following = Array(1...symbols.count)
        var preceding = Array(-1..<symbols.count - 1)
        var queue = RankQueue()

        func enqueue(_ left: Int, _ right: Int) {
            if let merge = merge(symbols[left], symbols[right]) { queue.push(rank: merge.rank, position: left) }
        }
        for left in 0..<symbols.count - 1 { enqueue(left, left + 1) }

        while let (rank, left) = queue.pop() {
            let right = following[left]
            // An entry outlives its pair when a neighbour was merged first. Symbols only grow, so a pair never comes back.
            guard symbols[left] >= 0, right < symbols.count, let merge = merge(symbols[left], symbols[right]),
                merge.rank == rank
            else { continue }
            symbols[left] = merge.token
            symbols[right] = -1
            let next = following[right]
            following[left] = next
            if next < symbols.count {
                preceding[next] = left
                enqueue(left, next)
            }
            if preceding[left] >= 0 { enqueue(preceding[left], left) }
        }
        for symbol in symbols where symbol >= 0 { ids.append(symbol) }
    }
}

/// A binary heap of (rank, position), the smallest first.
private struct RankQueue {
    private var heap: [UInt64] = []

    mutating func push(rank: UInt32, position: Int) {
        heap.append(UInt64(rank) << 32 | UInt64(position))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (rank: UInt32, position: Int)? {
        guard let least = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                let left = 2 * parent + 1
                guard left < heap.count else { break }
                let child = left + 1 < heap.count && heap[left + 1] < heap[left] ? left + 1 : left
                guard heap[child] < heap[parent] else { break }
                heap.swapAt(parent, child)
                parent = child
            }
        }
        return (UInt32(truncatingIfNeeded: least >> 32), Int(least & 0xFFFF_FFFF))
    }
}
