// A completion as credit sees it: one reward, and what the sampler and a reference said of its tokens.

/// What is known of one completion when its advantage is given, before any update.
public struct Outcome: Sendable, Equatable {
    /// The verifier's reward, before anything is added to it.
    public var reward: Double
    /// Whether the token limit ended the completion, not a stop token.
    public var isTruncated: Bool
    /// log p of each trainable token under the sampler, [T], nats.
    public var sampledLogprob: [Float]
    /// log p of the same tokens under a reference policy, [T], nats; nil where no part of the algorithm reads it.
    public var referenceLogprob: [Float]?

    /// T, the trainable tokens.
    public var length: Int { sampledLogprob.count }

    /// Without log-probabilities: a completion of one token that was certain.
    public init(
        reward: Double, isTruncated: Bool = false, sampledLogprob: [Float] = [0], referenceLogprob: [Float]? = nil
    ) {
        self.reward = reward
        self.isTruncated = isTruncated
        self.sampledLogprob = sampledLogprob
        self.referenceLogprob = referenceLogprob
    }
}
