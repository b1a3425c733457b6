// From one advantage per completion to one per token: the advantage-shaping slot.

/// Changes the advantages of tokens, before rules and surrogate see them.
///
/// It sees the whole mini-batch and returns advantages, nothing else. Several are applied in order, each on the result
/// of the one before. Whatever it reads of the policy counts as a constant: no gradient flows through it.
public protocol AdvantageShaping: Sendable {
    var name: String { get }
    var reads: Signals { get }
    /// - Returns: one finite advantage per token, [N].
    func advantages(for tokens: TokenTable) -> [Float]
}

extension Algorithm {
    /// The table with shaped advantages, and by how much each shaping changed them: `<name>/change_mean`, the mean over
    /// all tokens of |A' − A|.
    func shaped(_ given: TokenTable) -> (tokens: TokenTable, metrics: [Metric]) {
        var tokens = given
        var metrics: [Metric] = []
        for shaping in shapings {
            let shaped = shaping.advantages(for: tokens)
            precondition(
                shaped.count == tokens.count, "\(shaping.name) gave \(shaped.count) advantages for \(tokens.count)")
            let change = zip(shaped, tokens.advantage).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) }
            metrics.append(Metric("\(shaping.name)/change_mean", change / Double(max(tokens.count, 1))))
            tokens = tokens.with(advantage: shaped)
        }
        return (tokens, metrics)
    }
}
