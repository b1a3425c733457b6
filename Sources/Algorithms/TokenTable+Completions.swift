// A token table by completions, by rank, and with draws of its own: what batch-wide parts share.

import Trajectories

extension TokenTable {
    /// The rows of each completion, in order of first appearance and, within a completion, of position.
    public var completions: [[Int]] {
        var places: [Int32: Int] = [:]
        var result: [[Int]] = []
        for token in 0..<count {
            let place = places[sequence[token], default: result.count]
            if place == result.count {
                places[sequence[token]] = place
                result.append([])
            }
            result[place].append(token)
        }
        return result
    }

    /// These rows by falling value. Ties go by completion, then by position in it, so that the order of completions in
    /// the table does not matter.
    public func ranked(_ rows: some Sequence<Int>, by values: [Double]) -> [Int] {
        rows.sorted { a, b in
            values[a] != values[b] ? values[a] > values[b] : (sequence[a], a) < (sequence[b], b)
        }
    }

    /// One uniform number in [0, 1) per token, [N]: a function of seed, update, completion and position alone.
    public func draws(seed: UInt64) -> [Double] {
        var result = [Double](repeating: 0, count: count)
        for rows in completions {
            var random = RandomSource(
                seed: seed, purpose: .selection, step: update, prompt: Int(sequence[rows[0]]))
            for row in rows { result[row] = random.uniform() }
        }
        return result
    }
}
