// Less weight on tokens with positive advantage: three schedules of positive-advantage reweighting.

/// The loss of tokens with A > 0 is multiplied by λ in [0, 1]; this is the entropy-guided schedule of λ.
///
/// λ_{k+1} = clip(λ_k − D, 0, 1) while H_k < δ, clip(λ_k + D, 0, 1) otherwise. Source: 2511.05993 (secondary, three
/// summaries that agree). A > 0 concentrates mass on sampled, usually likely, tokens, so less of it keeps entropy up.
/// It switches at δ without a dead band and so hovers around it by design; from λ_0 = 0 a run starts on negatives alone
/// and entropy can overshoot. λ = 1 is plain GRPO.
public struct PositiveAdvantageWeight: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        /// δ, nats.
        public var threshold: Double
        /// D.
        public var step: Double
        /// λ_0.
        public var initial: Double

        /// The paper's (secondary).
        public init(threshold: Double = 0.2, step: Double = 0.05, initial: Double = 0) {
            self.threshold = threshold
            self.step = step
            self.initial = initial
        }
    }

    /// All that must survive a restart.
    public struct State: Sendable, Equatable, Codable {
        /// λ.
        public var weight: Double
    }

    public let settings: Settings
    public private(set) var state: State
    /// λ_k, to be used on the batch whose entropy has not been taken in yet.
    public var weight: Double { state.weight }

    /// - Throws: `EntropyDynamicsError` if δ is negative, D not positive, or a weight outside [0, 1].
    public init(_ settings: Settings = Settings(), resuming state: State? = nil) throws {
        let name = "a weight of positive advantages"
        try requireSetting(settings.threshold, in: 0...Double.infinity, name, place: "threshold")
        try requirePositive(settings.step, name, place: "step")
        try requireSetting(settings.initial, in: 0...1, name, place: "initial")
        let state = state ?? State(weight: settings.initial)
        try requireSetting(state.weight, in: 0...1, name, place: "state.weight")
        self.settings = settings
        self.state = state
    }

    /// Takes in H_k (nats) and returns λ_{k+1}.
    ///
    /// - Throws: `EntropyDynamicsError` if it is not finite; nothing has moved then.
    @discardableResult
    public mutating func update(entropy: Double) throws -> Double {
        try requireMeasurement(entropy, "a weight of positive advantages", place: "entropy")
        let step = entropy < settings.threshold ? -settings.step : settings.step
        state.weight = (state.weight + step).clamped(to: 0...1)
        return state.weight
    }
}

extension PositiveAdvantageWeight {
    /// λ = 0 in the first half of a run of T steps, then linear to 1: max(0, 2k/T − 1) (2511.05993, secondary).
    ///
    /// - Throws: `EntropyDynamicsError` if T is not positive. Steps outside 0...T count as its ends.
    public static func stageBased(step: Int, of total: Int) throws -> Double {
        guard total > 0 else {
            throw EntropyDynamicsError.badSetting(
                "a weight by stages needs a run of at least one step, got \(total)", place: "total")
        }
        return max(0, 2 * Double(step.clamped(to: 0...total)) / Double(total) - 1)
    }

    /// λ = (e − 1) / (E − 1) in epoch e = 1 ... E (2511.05993, secondary). Void for a single epoch.
    ///
    /// - Throws: `EntropyDynamicsError` if E < 2. Epochs outside 1...E count as its ends.
    public static func epochwise(epoch: Int, of total: Int) throws -> Double {
        guard total > 1 else {
            throw EntropyDynamicsError.badSetting(
                "a weight by epochs goes from 0 in the first to 1 in the last and needs two or more, got \(total)",
                place: "total")
        }
        return Double(epoch.clamped(to: 1...total) - 1) / Double(total - 1)
    }

    /// λ on tokens with A > 0 and 1 on the others, shape [N].
    public static func weights(_ weight: Double, advantages: [Double]) -> [Double] {
        advantages.map { $0 > 0 ? weight : 1 }
    }
}
