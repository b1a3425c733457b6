// What one rollout of the policy is: tokens, why it ended, and what the sampler knew of each token.

/// Why a completion ended.
public enum StopReason: String, Sendable, Codable, CaseIterable {
    /// A stop token was sampled; it is the last token of the completion and is trained.
    case stop
    /// The token limit was reached before a stop token.
    case length
}

/// One sampled continuation of a prompt, with the sampler's statistics of each sampled token.
///
/// All arrays have the length of `tokens`. Log-probabilities and entropies are in nats, exact over the full vocabulary, at the sampling temperature.
public struct Completion: Sendable, Equatable {
    public var tokens: [Int32]
    /// log p of each sampled token under the sampler's policy (`sampledLogprob`).
    public var sampledLogprob: [Float]
    /// H of the distribution each token was drawn from.
    public var entropy: [Float]
    /// S* = p (H + log p) of each sampled token (2602.03392, theorem 3.2).
    public var discriminant: [Float]
    /// E_p[S], the policy's own mean of S at that step (2602.03392, theorem 3.3).
    public var expectedDiscriminant: [Float]
    public var stopReason: StopReason

    /// Traps if the arrays differ in length: a completion with unequal arrays has no meaning.
    public init(
        tokens: [Int32], sampledLogprob: [Float], entropy: [Float], discriminant: [Float],
        expectedDiscriminant: [Float], stopReason: StopReason
    ) {
        precondition(
            [sampledLogprob.count, entropy.count, discriminant.count, expectedDiscriminant.count]
                .allSatisfy { $0 == tokens.count }, "every array of a completion has one entry per token")
        self.tokens = tokens
        self.sampledLogprob = sampledLogprob
        self.entropy = entropy
        self.discriminant = discriminant
        self.expectedDiscriminant = expectedDiscriminant
        self.stopReason = stopReason
    }
}
