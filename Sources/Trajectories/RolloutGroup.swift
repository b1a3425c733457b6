// The completions of one prompt: the unit over which advantages are centred.

/// All completions sampled for one problem in one step, with their verdicts.
public struct RolloutGroup: Sendable, Equatable {
    public var problem: Problem
    public var promptTokens: [Int32]
    public var completions: [Completion]
    /// The decoded text of each completion, without the stop token.
    public var texts: [String]
    /// One verdict per completion, in the same order.
    public var verdicts: [Verdict]

    public var rewards: [Double] { verdicts.map(\.reward) }

    public init(
        problem: Problem, promptTokens: [Int32], completions: [Completion], texts: [String], verdicts: [Verdict]
    ) {
        precondition(completions.count == texts.count && texts.count == verdicts.count)
        self.problem = problem
        self.promptTokens = promptTokens
        self.completions = completions
        self.texts = texts
        self.verdicts = verdicts
    }

    /// Adds further completions of the same prompt.
    public mutating func append(contentsOf group: RolloutGroup) {
        completions += group.completions
        texts += group.texts
        verdicts += group.verdicts
    }
}

/// A verifier's judgement of one completion.
public struct Verdict: Sendable, Equatable {
    public var reward: Double
    /// Whether the problem counts as solved (what pass@k counts).
    public var isCorrect: Bool
    /// Why, as a short snake-case word (`correct`, `format`, `wrong_numbers`, `wrong_value`).
    public var reason: String

    /// The parts that the reward is the weighted sum of; empty for a reward without parts.
    public var components: [RewardComponent]

    public init(reward: Double, isCorrect: Bool, reason: String, components: [RewardComponent] = []) {
        self.reward = reward
        self.isCorrect = isCorrect
        self.reason = reason
        self.components = components
    }
}

/// One part of a reward.
public struct RewardComponent: Sendable, Equatable {
    /// The name that the configuration gives it.
    public var name: String
    /// What its verifier said, before the weight.
    public var value: Double
    public var weight: Double
    /// The verifier's reason.
    public var reason: String

    public init(name: String, value: Double, weight: Double, reason: String) {
        self.name = name
        self.value = value
        self.weight = weight
        self.reason = reason
    }
}
