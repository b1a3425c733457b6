// The entropy coefficient that walks up while entropy is too low and down while it is not: Skywork-OR1's control law.

/// c_{k+1} = clip(c_k ± D, c_min, c_max), + where H_k is below the target; α_k = c_{k+1} 1[H_k below the target].
///
/// Source: Skywork-OR1, 2505.22312 (primary: its code); variants from TRL's port (framework code). α_k weighs −H in the
/// loss; above the target there is no bonus at all. H_k is Skywork's Monte-Carlo −mean(log p) or TRL's exact H, and the
/// target is of the same kind: take it from the entropy measured first, not from the published 0.2 nats. Void as a
/// tracker: D is too slow for a fast collapse, and one study found a coefficient of 0.2 too weak to recover a collapsed
/// policy and 0.3 strong enough to explode a fresh one (secondary).
public struct AdaptiveCoefficient: Sendable, Equatable {
    /// Which entropies count as too low.
    public enum Gate: String, Sendable, Codable, CaseIterable {
        /// H < H*, Skywork-OR1's code.
        case below
        /// H ≤ H*, TRL's.
        case atOrBelow = "at_or_below"

        func isOpen(_ entropy: Double, _ target: Double) -> Bool {
            self == .below ? entropy < target : entropy <= target
        }
    }

    public struct Settings: Sendable, Equatable {
        /// c_0.
        public var initial: Double
        /// D.
        public var step: Double
        /// c_min ... c_max.
        public var range: ClosedRange<Double>
        public var gate: Gate
        /// Whether step k is given what step k − 1 decided (c_0 at the first step), because H_k is known too late.
        public var isLagged: Bool

        /// Skywork-OR1's training scripts, with a target of 0.2 nats (primary); its yaml says D = 1e-3, c_max = 0.5.
        public init(
            initial: Double = 0, step: Double = 1e-4, range: ClosedRange<Double> = 0...5e-3, gate: Gate = .below,
            isLagged: Bool = false
        ) {
            self.initial = initial
            self.step = step
            self.range = range
            self.gate = gate
            self.isLagged = isLagged
        }

        /// TRL's port at f2cd577, with a target of 0.2 nats (framework code).
        public static let trl = Settings(step: 0.005, range: 0...1, gate: .atOrBelow, isLagged: true)
    }

    /// All that must survive a restart.
    public struct State: Sendable, Equatable, Codable {
        /// c.
        public var coefficient: Double
        /// The α that a lagged controller applies next.
        public var pending: Double
    }

    public let settings: Settings
    public private(set) var state: State

    /// - Throws: `EntropyDynamicsError` if D is not positive, a number is not finite, or a coefficient is out of range.
    public init(_ settings: Settings = Settings(), resuming state: State? = nil) throws {
        let name = "an adaptive entropy coefficient"
        try requirePositive(settings.step, name, place: "step")
        try requireFinite(settings.range, name, place: "range")
        try requireSetting(settings.initial, in: settings.range, name, place: "initial")
        let state = state ?? State(coefficient: settings.initial, pending: settings.initial)
        try requireSetting(state.coefficient, in: settings.range, name, place: "state.coefficient")
        if state.pending != 0 {  // A closed gate leaves 0, whatever the range.
            try requireSetting(state.pending, in: settings.range, name, place: "state.pending")
        }
        self.settings = settings
        self.state = state
    }

    /// Takes in H_k and returns the coefficient of the entropy bonus for step k.
    ///
    /// - Parameters: both in nats.
    /// - Throws: `EntropyDynamicsError` on a number that is not finite; nothing has moved then.
    public mutating func update(entropy: Double, target: Double) throws -> Double {
        try requireMeasurement(entropy, "an adaptive entropy coefficient", place: "entropy")
        try requireMeasurement(target, "an adaptive entropy coefficient", place: "target")
        let isOpen = settings.gate.isOpen(entropy, target)
        let applied = state.pending
        state.coefficient = (state.coefficient + (isOpen ? settings.step : -settings.step)).clamped(to: settings.range)
        state.pending = isOpen ? state.coefficient : 0
        return settings.isLagged ? applied : state.pending
    }
}
