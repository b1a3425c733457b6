// How much of a predicted entropy change really happens, learned while the run goes on.

/// The g in measured ΔH ≈ g · predicted ΔH: recursive least squares through the origin with a forgetting factor f.
///
/// R ← f R + x², g ← g + x (y − g x) / R for a prediction x that was acted on and the change y measured after it; g
/// then minimises Σ f^age (y − g x)² plus a prior at 1 that fades likewise (derived; every default is ours). It exists
/// because the token-level prediction is biased under Adam. It is a ratio, not a cure: void where prediction and
/// measurement do not correlate (g then shrinks to what explains the changes, near 0), or where measured changes have
/// an offset. Guards: pairs that are not finite, or predict less than `smallestPrediction`, teach nothing, so that a
/// quiet run does not forget (estimator wind-up); g stays in `range`, so that its sign can never turn the controller
/// over.
public struct FlowGain: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        /// f; 1 / (1 − f) updates are remembered.
        public var forgetting: Double
        /// Bounds of g, above zero.
        public var range: ClosedRange<Double>
        /// |x| from which a pair counts, nats; below it a float32 mean of entropies is mostly rounding.
        public var smallestPrediction: Double
        /// How many updates of the first one's size the prior g = 1 is worth.
        public var priorWeight: Double

        public init(
            forgetting: Double = 0.95, range: ClosedRange<Double> = 0.1...10, smallestPrediction: Double = 1e-7,
            priorWeight: Double = 1
        ) {
            self.forgetting = forgetting
            self.range = range
            self.smallestPrediction = smallestPrediction
            self.priorWeight = priorWeight
        }
    }

    /// All that must survive a restart.
    public struct State: Sendable, Equatable, Codable {
        /// g.
        public var gain: Double
        /// R in nats²; 0 before the first pair.
        public var information: Double
    }

    public let settings: Settings
    public private(set) var state: State
    /// g, measured over predicted change.
    public var gain: Double { state.gain }

    /// - Throws: `EntropyDynamicsError` if f is outside (0, 1], the range does not lie above zero around 1, or a number
    ///   is negative or not finite.
    public init(_ settings: Settings = Settings(), resuming state: State? = nil) throws {
        let name = "the gain of an entropy prediction"
        try requirePositive(settings.forgetting, name, place: "forgetting")
        try requireSetting(settings.forgetting, in: 0...1, name, place: "forgetting")
        try requireFinite(settings.range, name, place: "range")
        try requirePositive(settings.range.lowerBound, name, place: "range")
        try requireSetting(1, in: settings.range, name, place: "range")
        try requireSetting(settings.smallestPrediction, in: 0...Double.infinity, name, place: "smallestPrediction")
        try requireSetting(settings.priorWeight, in: 0...Double.infinity, name, place: "priorWeight")
        let state = state ?? State(gain: 1, information: 0)
        try requireSetting(state.gain, in: settings.range, name, place: "state.gain")
        try requireSetting(state.information, in: 0...Double.infinity, name, place: "state.information")
        self.settings = settings
        self.state = state
    }

    /// Takes in one update's predicted change, with the weights it was made with, and the change measured; both nats.
    ///
    /// - Returns: whether the pair taught anything.
    @discardableResult
    public mutating func learn(predicted: Double, measured: Double) -> Bool {
        guard predicted.isFinite, measured.isFinite, abs(predicted) >= settings.smallestPrediction else { return false }
        let square = predicted * predicted
        let before = state.information > 0 ? state.information : settings.priorWeight * square
        let information = settings.forgetting * before + square
        let gain = state.gain + predicted * (measured - state.gain * predicted) / information
        // A square may underflow or overflow although the prediction itself did not.
        guard information > 0, information.isFinite, gain.isFinite else { return false }
        state = State(gain: gain.clamped(to: settings.range), information: information)
        return true
    }
}
