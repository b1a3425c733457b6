// How a table policy is trained: batch sizes, optimiser, and whether actions are drawn or summed over.

/// Settings of one run; the algorithm and the task come beside them.
///
/// Of the batch sizes, a step draws `promptsPerStep` prompts with `completionsPerPrompt` completions each, and deals
/// the completions of every prompt evenly to `updatesPerStep` mini-batches, one optimiser update each.
public struct SimulationSettings: Sendable, Equatable {
    public enum Actions: Sendable, Equatable {
        /// Completions drawn from the policy.
        case sampled
        /// Every action of every state, weighted by its probability: the expected update of infinitely many completions.
        /// Only for algorithms without token rules, on policy, because a rule and a clip see single samples.
        case expected
    }

    public var steps = 200
    /// Nil: every prompt in every step.
    public var promptsPerStep: Int?
    public var completionsPerPrompt = 16
    /// With more than one, the later mini-batches of a step are off policy: ratios leave 1.
    public var updatesPerStep = 1
    /// η of a single prompt and position: a token of ratio r and advantage A moves its row's logits by
    /// α (e_k − p) with α = η r A / completions, however many prompts and positions there are. (Under a mini-batch mean
    /// alone, tables, which share no weight, would learn the more slowly the more prompts there are.)
    public var learningRate = 0.2
    public var optimiser = OptimiserKind.sgd
    /// T of the policy being trained.
    public var temperature = 1.0
    /// T of the sampler; nil: the policy's own. Another one makes every batch off policy.
    public var samplerTemperature: Double?
    public var actions = Actions.sampled
    public var seed: UInt64 = 1

    public init() {}

    /// These settings with some changed.
    public func with(_ change: (inout SimulationSettings) -> Void) -> SimulationSettings {
        var copy = self
        change(&copy)
        return copy
    }

    func check(prompts: Int) throws {
        let counts = [
            ("steps", steps, 0), ("completionsPerPrompt", completionsPerPrompt, 1),
            ("updatesPerStep", updatesPerStep, 1),
            ("promptsPerStep", promptsPerStep ?? prompts, 1),
        ]
        for (name, value, least) in counts where value < least {
            throw SimulationError(.badSetting, "a simulation needs at least \(least), got \(value)", place: name)
        }
        guard (promptsPerStep ?? prompts) <= prompts else {
            throw SimulationError(
                .badSetting, "a step cannot draw \(promptsPerStep ?? 0) of \(prompts) prompts", place: "promptsPerStep")
        }
        guard completionsPerPrompt.isMultiple(of: updatesPerStep) else {
            throw SimulationError(
                .badSetting,
                "\(completionsPerPrompt) completions per prompt cannot be dealt evenly to \(updatesPerStep) updates",
                place: "updatesPerStep")
        }
        guard learningRate.isFinite else {
            throw SimulationError(.badSetting, "a learning rate must be finite", place: "learningRate")
        }
        if actions == .expected, updatesPerStep > 1 || samplerTemperature != nil {
            throw SimulationError(
                .needsSamples, "the expected update is defined on policy only: one update per step, no other sampler",
                place: "actions")
        }
    }
}
