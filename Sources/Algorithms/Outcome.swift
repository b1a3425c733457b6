// A completion as credit sees it: one reward, and what the sampler and a reference said of its tokens.

/// What is known of one completion when its advantage is given, before any update.
public struct Outcome: Sendable, Equatable {
    /// The verifier's reward, before anything is added to it.
    public var reward: Double
    /// The verifier's word, whatever the reward.
    public var isCorrect: Bool
    /// Whether the token limit ended the completion, not a stop token.
    public var isTruncated: Bool
    /// Ids of the trainable tokens, [T]; empty where they are not known.
    public var tokens: [Int32]
    /// log p of each trainable token under the sampler, [T], nats.
    public var sampledLogprob: [Float]
    /// log p of the same tokens under a reference policy, [T], nats; nil where no part of the algorithm reads it.
    public var referenceLogprob: [Float]?

    /// T, the trainable tokens.
    public var length: Int { sampledLogprob.count }

    /// Without log-probabilities: a completion of one token that was certain. Without a word from the verifier what
    /// earns a reward above 0 is correct.
    public init(
        reward: Double, isCorrect: Bool? = nil, isTruncated: Bool = false, tokens: [Int32] = [],
        sampledLogprob: [Float] = [0], referenceLogprob: [Float]? = nil
    ) {
        self.reward = reward
        self.isCorrect = isCorrect ?? (reward > 0)
        self.isTruncated = isTruncated
        self.tokens = tokens
        self.sampledLogprob = sampledLogprob
        self.referenceLogprob = referenceLogprob
    }
}
