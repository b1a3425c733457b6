// From per-token losses to the loss of the mini-batch, with the denominator said aloud: the aggregation slot.

/// Which tokens a token mean divides by.
public enum Denominator: String, Sendable, CaseIterable {
    /// All N tokens of the mini-batch, dropped or not: dropping a token leaves the others' push unchanged.
    case all
    /// Only tokens with a weight other than 0: dropping a token makes the others push harder.
    case kept
}

/// How per-token losses add up. Every scale is over the whole optimiser mini-batch, never over a micro-batch.
public enum Aggregation: Sendable, Equatable {
    /// Σ w L / n, n by `Denominator` (2503.14476).
    case tokenMean(over: Denominator)
    /// The mean over completions of each completion's token mean, over all its tokens (2402.03300).
    case sequenceMean
    /// Σ w L / (B · length) with B completions in the mini-batch (2503.20783).
    case fixedLength(Int)

    /// The factor of each token's weighted loss, [N].
    public func scales(for tokens: TokenTable, weights: [Float]) -> [Float] {
        exactScales(for: tokens, weights: weights).map { Float($0) }
    }

    func exactScales(for tokens: TokenTable, weights: [Float]) -> [Double] {
        switch self {
        case .tokenMean(let denominator):
            let n = denominator == .all ? tokens.count : weights.count { $0 != 0 }
            return [Double](repeating: n == 0 ? 0 : 1 / Double(n), count: tokens.count)
        case .sequenceMean:
            let lengths = Dictionary(tokens.sequence.map { ($0, 1) }, uniquingKeysWith: +)
            let sequences = Double(lengths.count)
            return tokens.sequence.map { 1 / (sequences * Double(lengths[$0] ?? 1)) }
        case .fixedLength(let length):
            let terms = Double(Set(tokens.sequence).count) * Double(length)
            return [Double](repeating: 1 / terms, count: tokens.count)
        }
    }
}
