// What the experience store gives back: rows as values.

public import Trajectories

/// A prompt of one step.
public struct StoredPrompt: Sendable, Equatable {
    public var step: Int
    /// Position among the prompts of the step.
    public var position: Int
    public var problem: Problem
    public var tokens: [Int32]
}

/// A completion of a stored prompt.
public struct StoredCompletion: Sendable, Equatable {
    public var step: Int
    /// Position of its prompt among the prompts of the step.
    public var prompt: Int
    /// Position among the completions of the prompt.
    public var position: Int
    public var tokens: [Int32]
    public var text: String
    public var verdict: Verdict
    public var stopReason: StopReason
    /// The sampler's record of each token; nil if the run did not keep it.
    public var statistics: Completion?
}

/// How much one step stored.
public struct StoredStep: Sendable, Equatable {
    public var step: Int
    public var prompts: Int
    public var completions: Int
    /// Tokens of all completions, prompts not counted.
    public var tokens: Int
}
