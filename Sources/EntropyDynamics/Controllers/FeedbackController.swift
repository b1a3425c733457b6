// Proportional-integral control of entropy with feed-forward, for actuators without a closed form.

/// With e = target − measured: I ← I + K_i e, u = f + K_p e + I; then u is clamped and its change per step limited.
///
/// The textbook PI law (Åström and Hägglund, Advanced PID Control, ch. 3); which quantity u drives is the caller's: an
/// entropy coefficient, the threshold μ of Clip_V, the λ of `FlowBalance`. Anti-windup is conditional integration: I is
/// left as it was whenever clamp or rate limit hold u back and K_i e would push further that way, so that I never grows
/// past what reaches the limit, however long that lasts. Void as a tracker of targets that the actuator cannot reach in
/// its range; unstable with gains too large for the plant. For a plant y' = a y + b u the closed loop has poles ρ₁, ρ₂
/// with K_p = (a − ρ₁ρ₂) / b and K_i = (1 − ρ₁)(1 − ρ₂) / b (derived). There are no default gains.
public struct FeedbackController: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        /// K_p, in units of u per nat; negative where u lowers entropy.
        public var proportionalGain: Double
        /// K_i, in units of u per nat and step; of K_p's sign unless the loop is made slower than the plant.
        public var integralGain: Double
        public var outputRange: ClosedRange<Double>
        /// The largest |change| of u in one step; ∞ is none.
        public var rateLimit: Double
        /// The u in force before the first step, from which the first change is counted.
        public var initialOutput: Double

        public init(
            proportionalGain: Double, integralGain: Double, outputRange: ClosedRange<Double>,
            rateLimit: Double = .infinity, initialOutput: Double = 0
        ) {
            self.proportionalGain = proportionalGain
            self.integralGain = integralGain
            self.outputRange = outputRange
            self.rateLimit = rateLimit
            self.initialOutput = initialOutput
        }
    }

    /// All that must survive a restart.
    public struct State: Sendable, Equatable, Codable {
        /// I, in units of u.
        public var integral: Double
        /// The u of the last step.
        public var output: Double
    }

    /// One step's output.
    public struct Output: Sendable, Equatable {
        /// u, inside its range and within the rate limit of the last one.
        public let value: Double
        /// What the law asked for before clamp and rate limit.
        public let unlimited: Double
        public var isLimited: Bool { value != unlimited }
    }

    public let settings: Settings
    public private(set) var state: State

    /// - Throws: `EntropyDynamicsError` if a gain is not finite, the rate limit is not above zero, or an output is out
    ///   of range.
    public init(_ settings: Settings, resuming state: State? = nil) throws {
        let name = "a feedback controller"
        let anything = -Double.infinity...Double.infinity
        try requireSetting(settings.proportionalGain, in: anything, name, place: "proportionalGain")
        try requireSetting(settings.integralGain, in: anything, name, place: "integralGain")
        guard settings.rateLimit > 0 else {
            throw EntropyDynamicsError.badSetting(
                "\(name) needs a rate limit above zero, or infinity for none, got \(settings.rateLimit)",
                place: "rateLimit")
        }
        try requireFinite(settings.outputRange, name, place: "outputRange")
        try requireSetting(settings.initialOutput, in: settings.outputRange, name, place: "initialOutput")
        let state = state ?? State(integral: 0, output: settings.initialOutput)
        try requireSetting(state.integral, in: anything, name, place: "state.integral")
        try requireSetting(state.output, in: settings.outputRange, name, place: "state.output")
        self.settings = settings
        self.state = state
    }

    /// Takes in one measurement and returns the output of this step.
    ///
    /// - Parameters:
    ///   - target, measured: nats.
    ///   - feedForward: what is already known to be needed, in units of u.
    /// - Throws: `EntropyDynamicsError` on a number that is not finite; nothing has moved then.
    public mutating func update(target: Double, measured: Double, feedForward: Double = 0) throws -> Output {
        let name = "a feedback controller"
        try requireMeasurement(target, name, place: "target")
        try requireMeasurement(measured, name, place: "measured")
        try requireMeasurement(feedForward, name, place: "feedForward")
        let error = target - measured
        let increment = settings.integralGain * error
        let integral = state.integral + increment
        let unlimited = feedForward + settings.proportionalGain * error + integral
        try requireMeasurement(unlimited, name, place: "output")
        let within = unlimited.clamped(to: settings.outputRange)
        // The last output is in range, so what lies between it and `within` is too.
        let value = min(max(within, state.output - settings.rateLimit), state.output + settings.rateLimit)
        let pushesFurther = value < unlimited ? increment > 0 : value > unlimited && increment < 0
        state = State(integral: pushesFurther ? state.integral : integral, output: value)
        return Output(value: value, unlimited: unlimited)
    }
}
