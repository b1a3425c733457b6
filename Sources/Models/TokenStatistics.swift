// The policy head's statistics as plain Swift vectors, one entry per token.

public import Torch

/// What the head knows of each of N tokens, in nats (docs/metrics.md).
public struct TokenStatistics: Sendable, Equatable {
    public var logprob, entropy, discriminant, expectedDiscriminant, varianceDiscriminant, collision: [Float]
    /// Σ_i S_i² over the vocabulary.
    public var squaredDiscriminant: [Float]

    public var count: Int { logprob.count }

    /// Reads a statistics matrix [9, N].
    public init(_ matrix: Tensor) {
        let values = matrix.floats
        let count = values.count / StatisticsRow.allCases.count
        func row(_ which: StatisticsRow) -> [Float] {
            values.isEmpty ? [] : Array(values[(which.rawValue * count)..<((which.rawValue + 1) * count)])
        }
        logprob = row(.logprob)
        entropy = row(.entropy)
        discriminant = row(.discriminant)
        expectedDiscriminant = row(.expectedDiscriminant)
        varianceDiscriminant = row(.varianceDiscriminant)
        collision = row(.collision)
        squaredDiscriminant = row(.squaredDiscriminant)
    }
}

extension TokenStatistics {
    /// Room for `count` tokens.
    public init(count: Int) {
        let zeros = [Float](repeating: 0, count: count)
        logprob = zeros
        entropy = zeros
        discriminant = zeros
        expectedDiscriminant = zeros
        varianceDiscriminant = zeros
        collision = zeros
        squaredDiscriminant = zeros
    }

    /// Copies the entries of `part` that start at `from` into `range`.
    public mutating func replace(_ range: Range<Int>, with part: TokenStatistics, from: Int) {
        for field in Self.fields {
            self[keyPath: field].replaceSubrange(range, with: part[keyPath: field][from..<(from + range.count)])
        }
    }

    private static var fields: [WritableKeyPath<TokenStatistics, [Float]>] {
        [
            \.logprob, \.entropy, \.discriminant, \.expectedDiscriminant, \.varianceDiscriminant, \.collision,
            \.squaredDiscriminant,
        ]
    }
}
