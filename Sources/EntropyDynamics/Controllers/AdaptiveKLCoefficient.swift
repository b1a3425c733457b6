// The KL coefficient that keeps the policy at a target distance from its reference.

/// β ← β (1 + clip(KL / target − 1, −0.2, 0.2) · n / horizon).
///
/// Source: Ziegler et al., 1909.08593, section 2.2, as in verl and TRL (framework code). n counts what the horizon
/// counts, responses in verl. The walk is multiplicative: a β of 0 stays 0, and a KL estimate below zero (k1 is one)
/// counts as −0.2 at most. Void as an entropy control: it holds a distance, not an entropy, and fights rules that raise
/// entropy (secondary).
public struct AdaptiveKLCoefficient: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        /// β_0.
        public var initial: Double
        /// The KL to hold, nats, as the estimator that is fed reports it (a mean over tokens or a sum over a response).
        public var target: Double
        public var horizon: Double

        /// verl's (framework code): per-token KL.
        public init(initial: Double = 1e-3, target: Double = 0.1, horizon: Double = 10_000) {
            self.initial = initial
            self.target = target
            self.horizon = horizon
        }
    }

    /// All that must survive a restart.
    public struct State: Sendable, Equatable, Codable {
        /// β.
        public var coefficient: Double
    }

    /// |KL / target − 1| counts as at most this.
    public static let largestError = 0.2

    public let settings: Settings
    public private(set) var state: State
    /// β.
    public var coefficient: Double { state.coefficient }

    /// - Throws: `EntropyDynamicsError` if target or horizon is not above zero, or a coefficient is negative or not
    ///   finite.
    public init(_ settings: Settings = Settings(), resuming state: State? = nil) throws {
        let name = "an adaptive KL coefficient"
        try requireSetting(settings.initial, in: 0...Double.infinity, name, place: "initial")
        try requirePositive(settings.target, name, place: "target")
        try requirePositive(settings.horizon, name, place: "horizon")
        let state = state ?? State(coefficient: settings.initial)
        try requireSetting(state.coefficient, in: 0...Double.infinity, name, place: "state.coefficient")
        self.settings = settings
        self.state = state
    }

    /// Takes in the KL measured over n responses and returns the new β.
    ///
    /// - Throws: `EntropyDynamicsError` if KL is not finite, n is negative, or n is so much larger than the horizon
    ///   that β would lose its sign or overflow; nothing has moved then.
    @discardableResult
    public mutating func update(kl: Double, count: Int) throws -> Double {
        try requireMeasurement(kl, "an adaptive KL coefficient", place: "kl")
        let error = (kl / settings.target - 1).clamped(to: -Self.largestError...Self.largestError)
        let coefficient = state.coefficient * (1 + error * Double(count) / settings.horizon)
        guard count >= 0, Self.largestError * Double(count) < settings.horizon, coefficient.isFinite else {
            throw EntropyDynamicsError.badSetting(
                "an adaptive KL coefficient cannot take a step of \(count) within a horizon of \(settings.horizon); "
                    + "raise the horizon above \(Self.largestError) times the count",
                place: "count")
        }
        state.coefficient = coefficient
        return coefficient
    }
}
