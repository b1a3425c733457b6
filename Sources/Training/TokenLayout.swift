// Vectors over all tokens of a mini-batch, in sequence order.

import Models

/// Where each sequence's tokens lie in vectors over the whole mini-batch.
struct TokenLayout {
    let starts: [Int]
    let counts: [Int]
    let count: Int

    init(_ sequences: [TrainingSequence]) {
        counts = sequences.map(\.tokens.count)
        var total = 0
        starts = counts.map { length in
            defer { total += length }
            return total
        }
        count = total
    }

    /// The entries of some sequences, in that order.
    func slice(_ values: [Float], _ sequences: [Int]) -> [Float] {
        sequences.flatMap { values[starts[$0]..<(starts[$0] + counts[$0])] }
    }

    /// Whether no token of these sequences has a derivative.
    func isSilent(_ derivatives: TokenDerivatives, _ sequences: [Int]) -> Bool {
        sequences.allSatisfy { sequence in
            (starts[sequence]..<(starts[sequence] + counts[sequence])).allSatisfy {
                derivatives.g1[$0] == 0 && derivatives.g2[$0] == 0
            }
        }
    }

    /// One value per token from one per sequence.
    func perToken<Value>(_ values: [Value]) -> [Value] {
        zip(values, counts).flatMap { [Value](repeating: $0, count: $1) }
    }

    /// Statistics of all micro-batches in sequence order, in place of those in `base`.
    func gather(_ forwards: [PolicyForward], over base: TokenStatistics? = nil) -> TokenStatistics {
        var result = base ?? TokenStatistics(count: count)
        for forward in forwards {
            let part = TokenStatistics(forward.statistics)
            guard part.count == forward.sequences.reduce(0, { $0 + counts[$1] }) else { continue }
            var row = 0
            for sequence in forward.sequences {
                result.replace(starts[sequence]..<(starts[sequence] + counts[sequence]), with: part, from: row)
                row += counts[sequence]
            }
        }
        return result
    }
}
