// The parts of one call, each on a thread: whose samples are whose, and how many are done.

import Synchronization

/// Adds up what the parts have finished.
final class PartProgress: Sendable {
    private let finished: Mutex<[Int]>

    init(parts: Int) { finished = Mutex(Array(repeating: 0, count: parts)) }

    /// `count` completions of this part have ended so far; returns those of all parts.
    func report(_ count: Int, from part: Int) -> Int {
        finished.withLock { finished in
            finished[part] = count
            return finished.reduce(0, +)
        }
    }
}

extension [Range<Int>] {
    /// Of ranges laid end to end, what lies in `share`: as many ranges, some of them empty.
    func overlapping(_ share: Range<Int>) -> [Range<Int>] {
        var start = 0
        return map { range in
            defer { start += range.count }
            let common = (start..<start + range.count).clamped(to: share)
            let first = range.lowerBound - start
            return common.isEmpty ? 0..<0 : common.lowerBound + first..<common.upperBound + first
        }
    }
}
