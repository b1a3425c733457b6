// Oscillatory decay: a flexible clip that switches between raising and lowering entropy at two thresholds.

/// OD of 2602.09782: s = 1 once H ≤ τ_low, s = 0 once H > τ_high(k), and as before in between;
/// s = 1 clips with (ε_up(π), ε_std), which raises entropy, s = 0 with (ε_std, ε_lo(π)), which lowers it.
///
/// τ_low = H_min = 0.2 H_init and τ_high(k) = H_min + (H_init − H_min)(1 − k/T) (primary: the authors' blog). The
/// paper's initial state is not known: at k = 0 neither rule fires at H = H_init; s = 1 is ours. Feed a moving average
/// of H to avoid flicker (ours). Void with one update per rollout, as any ratio clip.
public struct OscillatoryDecayClip: Sendable, Equatable {
    /// All that must survive a restart.
    public struct State: Sendable, Equatable, Codable {
        /// s = 1.
        public var isRaising: Bool

        public init(isRaising: Bool) { self.isRaising = isRaising }
    }

    public let clip: FlexibleClip
    /// τ_high(k); H_init and the floor are its own.
    public let ceiling: EntropyTarget
    /// τ_low, nats.
    public let floor: Double
    public private(set) var state: State

    /// - Parameters:
    ///   - initialEntropy: H_init, the entropy of the initial policy on training prompts, nats, above zero.
    ///   - floor: H_min / H_init.
    /// - Throws: `EntropyDynamicsError` if H_init or T is not positive, or the floor is outside [0, 1].
    public init(
        _ clip: FlexibleClip, initialEntropy: Double, totalSteps: Int, floor: Double = 0.2,
        resuming state: State? = nil
    ) throws {
        ceiling = try EntropyTarget(
            .oscillatoryDecay(initial: initialEntropy, floor: floor), totalSteps: totalSteps)
        self.clip = clip
        self.floor = floor * initialEntropy
        self.state = state ?? State(isRaising: true)
    }

    /// Takes in H(π_k), nats, and returns the bounds of step k.
    ///
    /// - Throws: `EntropyDynamicsError` if it is not finite; nothing has moved then.
    public mutating func update(entropy: Double, step: Int) throws -> ClipBounds {
        try requireMeasurement(entropy, "an oscillatory decay", place: "entropy")
        if entropy <= floor {
            state.isRaising = true
        } else if let high = ceiling.value(at: step), entropy > high {
            state.isRaising = false
        }
        return bounds
    }

    /// The bounds of the present state.
    public var bounds: ClipBounds {
        state.isRaising
            ? ClipBounds(upper: clip.upper, lower: clip.standardBound)
            : ClipBounds(upper: clip.standardBound, lower: clip.lower)
    }
}
