// Ratio clipping that gives rare tokens more room, and the two schedules that say on which side.

/// Flexible clipping: ε_up(π) = α_h π + β_h lets rare tokens with A > 0 rise further, ε_lo(π) = α_m π + β_m lets rare
/// tokens with A < 0 fall further; a schedule says which of them is in force.
///
/// Source: 2602.09782 (formulas primary: the authors' blog; numbers secondary, two sources that agree). Void with one
/// update per rollout: at r = 1 nothing is ever clipped. Not to be combined with a KL penalty (secondary).
public struct FlexibleClip: Sendable, Equatable {
    /// The way ε_lo goes in a schedule's second half.
    public enum SecondPhase: String, Sendable, Codable, CaseIterable {
        /// From ε_lo(π) right after T/2 back to ε_std at T: the authors' formula.
        case decaying
        /// From ε_std to ε_lo(π): a third party's re-implementation.
        case ramping
    }

    /// ε_up(π).
    public let upper: ClipBound
    /// ε_lo(π).
    public let lower: ClipBound
    /// ε_std.
    public let standard: Double
    public let secondPhase: SecondPhase

    /// - Throws: `EntropyDynamicsError` unless 0 ≤ ε_up and 0 ≤ ε_lo ≤ 1 for every probability, α_h < 1 and
    ///   0 ≤ ε_std ≤ 1.
    public init(
        upper: ClipBound = ClipBound(slope: -0.25, intercept: 0.5),
        lower: ClipBound = ClipBound(slope: -0.13, intercept: 0.3), standard: Double = 0.2,
        secondPhase: SecondPhase = .decaying
    ) throws {
        let name = "a flexible clip"
        for probability in [0.0, 1] {
            let place = "(\(Int(probability)))"
            try requireSetting(
                upper.width(at: probability), in: 0...Double.infinity, name, place: "upper" + place)
            try requireSetting(lower.width(at: probability), in: 0...1, name, place: "lower" + place)
        }
        guard upper.slope < 1 else {
            throw EntropyDynamicsError.badSetting(
                "\(name) bounds the ratio only with an upper slope below 1, got \(upper.slope)", place: "upper.slope")
        }
        try requireSetting(standard, in: 0...1, name, place: "standard")
        self.upper = upper
        self.lower = lower
        self.standard = standard
        self.secondPhase = secondPhase
    }
}

extension FlexibleClip {
    var standardBound: ClipBound { ClipBound(slope: 0, intercept: standard) }

    /// ID, increase then decrease: with Λ = 1 − 2k/T, ε_up = Λ ε_up(π) + (1 − Λ) ε_std and ε_lo = ε_std up to T/2, then
    /// ε_up = ε_std and ε_lo = (1 + Λ) ε_lo(π) − Λ ε_std (2602.09782, primary).
    ///
    /// ε_lo jumps at T/2 under `decaying`, and the gradient norm with it.
    /// - Throws: `EntropyDynamicsError` if T is not positive. Steps outside 0...T count as its ends.
    public func increaseThenDecrease(step: Int, of total: Int) throws -> ClipBounds {
        let phase = try phase(step, total)
        return phase >= 0
            ? ClipBounds(upper: standardBound.mixed(with: upper, weight: phase), lower: standardBound)
            : ClipBounds(upper: standardBound, lower: secondHalf(phase))
    }

    /// DID, decrease, increase, decrease: ε_up = Λ ε_std + (1 − Λ) ε_up(π) and ε_lo = ε_std up to T/2, then
    /// ε_up = ε_up(π), as printed, and ε_lo as in ID (2602.09782, primary).
    ///
    /// - Throws: `EntropyDynamicsError` if T is not positive. Steps outside 0...T count as its ends.
    public func decreaseIncreaseDecrease(step: Int, of total: Int) throws -> ClipBounds {
        let phase = try phase(step, total)
        return phase >= 0
            ? ClipBounds(upper: upper.mixed(with: standardBound, weight: phase), lower: standardBound)
            : ClipBounds(upper: upper, lower: secondHalf(phase))
    }

    /// Λ = 1 − 2k/T, from 1 to −1.
    private func phase(_ step: Int, _ total: Int) throws -> Double {
        guard total > 0 else {
            throw EntropyDynamicsError.badSetting(
                "a clip schedule needs a run of at least one step, got \(total)", place: "total")
        }
        return Double(total - 2 * step.clamped(to: 0...total)) / Double(total)
    }

    private func secondHalf(_ phase: Double) -> ClipBound {
        let weight = secondPhase == .decaying ? 1 + phase : -phase
        return standardBound.mixed(with: lower, weight: weight)
    }
}
