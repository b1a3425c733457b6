// 80/20: only the tokens of highest entropy push the policy.

public import ConfigCoding

/// Keeps the round(share · N) tokens of highest entropy of the mini-batch, at least one (2506.01939, primary).
///
/// It selects by H, not by the sign of A (S − E[S]), so its effect on entropy has no fixed sign (2602.03392, secondary).
/// The denominator decides the step: over the kept tokens (the paper) each pushes 1/share times as hard as over all
/// (TRL).
public struct HighEntropyRule: TokenRule, Equatable {
    public var share: Double

    public init(share: Double = 0.2) { self.share = share }

    public var name: String { "forking_tokens" }
    public var reads: Signals { [.entropy] }

    public func weights(for tokens: TokenTable) -> [Float] {
        let kept = min(tokens.count, max(1, Int((share * Double(tokens.count)).rounded())))
        // Ties go by completion, then by position in it, so that the order of completions in the table does not matter.
        let ranked = (0..<tokens.count).sorted { a, b in
            let (x, y) = (tokens.entropy[a], tokens.entropy[b])
            return x != y ? x > y : (tokens.sequence[a], a) < (tokens.sequence[b], b)
        }
        var weights = [Float](repeating: 0, count: tokens.count)
        for token in ranked.prefix(kept) { weights[token] = 1 }
        return weights
    }
}

public enum ForkingTokens {
    /// Reads `share` (0.2), `denominator` (kept) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "forking_tokens",
            rules: [HighEntropyRule(share: try section.value("share", default: 0.2, in: 0.0...1))],
            denominator: try section.choice("denominator", default: .kept))
    }
}
