// Which tokens may push the policy, and how hard: the token-rule slot.

/// Gives every token of a mini-batch a weight; 0 drops the token.
///
/// A rule sees the whole mini-batch at once and returns weights, nothing else: it cannot edit advantages, the set of
/// tokens or a denominator. The weights of several rules multiply, and multiply the whole per-token loss.
public protocol TokenRule: Sendable {
    var name: String { get }
    var reads: Signals { get }
    /// - Returns: one finite weight ≥ 0 per token, [N].
    func weights(for tokens: TokenTable) -> [Float]
    /// What the rule reports, given the weights it returned; names without the rule's prefix.
    func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric]
}

extension TokenRule {
    public func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric] {
        droppedFractions(tokens, weights)
    }

    /// The fraction of tokens with weight 0, of all and by sign of the advantage; 0 where there is no such token.
    public func droppedFractions(_ tokens: TokenTable, _ weights: [Float]) -> [Metric] {
        func fraction(_ isCounted: (Float) -> Bool) -> Double {
            var (counted, dropped) = (0, 0)
            for token in 0..<tokens.count where isCounted(tokens.advantage[token]) {
                counted += 1
                if weights[token] == 0 { dropped += 1 }
            }
            return counted == 0 ? 0 : Double(dropped) / Double(counted)
        }
        return [
            Metric("dropped", fraction { _ in true }), Metric("dropped_positive", fraction { $0 > 0 }),
            Metric("dropped_negative", fraction { $0 < 0 }), Metric("dropped_zero", fraction { $0 == 0 }),
        ]
    }
}
