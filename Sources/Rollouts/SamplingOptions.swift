// How tokens are drawn.

/// Options of sampling. The distribution is softmax(logits / temperature) over the full vocabulary: nothing is truncated,
/// so the statistics of a token are those of the distribution it was drawn from.
public struct SamplingOptions: Sendable, Equatable {
    public var temperature: Double
    /// Takes the most likely token instead of a draw; statistics are still those at `temperature`.
    public var isGreedy: Bool
    public var maxNewTokens: Int
    /// Tokens that end a completion; the sampled one is its last token.
    public var stopTokens: Set<Int32>

    public init(temperature: Double = 1, isGreedy: Bool = false, maxNewTokens: Int, stopTokens: Set<Int32>) {
        self.temperature = temperature
        self.isGreedy = isGreedy
        self.maxNewTokens = maxNewTokens
        self.stopTokens = stopTokens
    }
}
