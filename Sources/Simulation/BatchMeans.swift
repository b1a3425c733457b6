// Batch means of numbers that hang on drawn tokens, for many sizes of batch at once.

import EntropyDynamics
import Trajectories

/// Mean squared batch means of up to four numbers per token, for batches that double in size.
///
/// The smallest batch has one token from every row; every larger one is two of half its size put together. So all
/// sizes share their draws, and every batch has equally many tokens of every row.
struct BatchMeans: Sendable {
    /// Tokens per batch, [sizes].
    private(set) var tokens: [Int]
    /// Batches of each size, [sizes].
    private(set) var batches: [Int]
    /// Mean over the batches of the squared batch mean, [sizes].
    private(set) var meanSquares: [SIMD4<Double>]

    /// - Parameters:
    ///   - sampler: what the tokens of each row are drawn from, [rows].
    ///   - values: the four numbers of every token, [rows · V].
    ///   - smallest: how many batches of the smallest size are drawn.
    ///   - doublings: the largest batch is 2^doublings times the smallest.
    init(
        _ sampler: [Categorical], _ values: [SIMD4<Double>], smallest: Int, doublings: Int, seed: UInt64
    ) {
        let columns = sampler.flatMap(aliasTable)
        let rows = sampler.count
        let width = UInt64(sampler.first?.vocabulary ?? 0)
        var squares = [SIMD4<Double>](repeating: .zero, count: doublings + 1)
        var halves = squares
        var random = RandomSource(seed: seed, purpose: .sampling)
        for batch in 0..<smallest {
            var sum = SIMD4<Double>.zero
            var bits: UInt64 = 0
            for row in 0..<rows {
                // Two draws from each 64-bit number.
                bits = row.isMultiple(of: 2) ? random.next() : bits >> 32
                let place = (bits & 0xFFFF_FFFF) * width
                let first = row * Int(width)
                let column = first + Int(place >> 32)
                let (threshold, alias) = (columns[column].threshold, first + columns[column].alias)
                sum += values[UInt32(truncatingIfNeeded: place) < threshold ? column : alias]
            }
            // Like the carries of a binary counter: two batches of one size make one of the next.
            squares[0] += sum * sum
            var size = 0
            while size < doublings, batch >> size & 1 == 1 {
                sum += halves[size]
                size += 1
                squares[size] += sum * sum
            }
            halves[size] = sum
        }
        let batches = (0...doublings).map { smallest >> $0 }
        let tokens = (0...doublings).map { rows << $0 }
        self.batches = batches
        self.tokens = tokens
        meanSquares = squares.indices.map { size in
            let count = Double(tokens[size])
            return squares[size] / (count * count * Double(max(batches[size], 1)))
        }
    }
}

/// A column of Walker's alias method: below the threshold, of 2^32, its own token, else the alias.
private struct AliasColumn: Sendable {
    var threshold = UInt32.max
    var alias: Int
}

/// The columns of one distribution, [V]; a draw is one number and one comparison.
private func aliasTable(_ distribution: Categorical) -> [AliasColumn] {
    var height = distribution.probabilities.map { $0 * Double(distribution.vocabulary) }
    var columns = height.indices.map { AliasColumn(alias: $0) }
    var low = height.indices.filter { height[$0] < 1 }
    var high = height.indices.filter { height[$0] >= 1 }
    while let tall = high.last, let short = low.popLast() {
        columns[short] = AliasColumn(threshold: UInt32(min(height[short] * 0x1p32, 0x1p32 - 1)), alias: tall)
        height[tall] -= 1 - height[short]
        if height[tall] < 1 { low.append(high.removeLast()) }
    }
    return columns
}
