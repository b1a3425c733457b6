// Expanding and contracting entropy flow of a batch, and the scaling of both that gives a wanted entropy change.

/// Up, the sum of the positive predicted entropy changes of a batch's tokens, and Dn, the sum of |negative| ones, nats.
///
/// OPEFO (2605.11491, secondary) scales Up by 1 + λ and Dn by 1 − λ with λ* = (Dn − Up) / (Dn + Up), after which both
/// are equal and the predicted change is 0; `scaling` is its generalisation to any change (derived). A weight w on a
/// token's loss scales its first-order change −η w r A (S − E[S]) by w, so the scaling is exact to first order for free
/// logits. Void under Adam with shared weights, where the token-level prediction correlates only 0.25 to 0.35 with what
/// happens (our prototype): use `FlowGain`, or two backward passes, one for each branch. Void where no token moves
/// entropy.
public struct FlowBalance: Sendable, Equatable {
    /// Up ≥ 0, nats.
    public let expanding: Double
    /// Dn ≥ 0, nats.
    public let contracting: Double

    /// - Throws: `EntropyDynamicsError` unless both are finite and not negative.
    public init(expanding: Double, contracting: Double) throws {
        try requireFlow(expanding, place: "expanding")
        try requireFlow(contracting, place: "contracting")
        try requireFlow(expanding + contracting, place: "expanding + contracting")
        self.expanding = expanding
        self.contracting = contracting
    }

    /// - Parameter predictedChanges: ΔH of each token of the whole optimiser mini-batch, shape [N], nats.
    /// - Throws: `EntropyDynamicsError` if one is not finite.
    public init(predictedChanges: [Double]) throws {
        var (up, down) = (0.0, 0.0)
        for (index, change) in predictedChanges.enumerated() {
            try requireMeasurement(change, "a balance of entropy flows", place: "predictedChanges[\(index)]")
            if change > 0 { up += change } else { down -= change }
        }
        try self.init(expanding: up, contracting: down)
    }

    /// Up − Dn: the predicted change of the batch as it stands, nats.
    public var net: Double { expanding - contracting }

    /// λ* = (Dn − Up) / (Dn + Up) in [−1, 1], which makes the predicted change 0; nil where nothing flows.
    ///
    /// OPEFO reports 0.00025 to 0.00175 (secondary).
    public var balancingScale: Double? {
        expanding + contracting > 0 ? -net / (expanding + contracting) : nil
    }

    /// The λ with gain · [Up (1 + λ) − Dn (1 − λ)] = wanted, |λ| at most `limit`.
    ///
    /// - Parameters:
    ///   - wanted: nats.
    ///   - limit: λ_max, from 0 to below 1 so that no branch is dropped or turned over; 0.5 is ours.
    ///   - gain: measured over predicted change, as `FlowGain` learns it.
    /// - Throws: `EntropyDynamicsError` if an argument is not finite, the limit is outside [0, 1) or the gain is not
    ///   positive.
    public func scaling(toward wanted: Double, limit: Double = 0.5, gain: Double = 1) throws -> FlowScaling {
        let name = "a balance of entropy flows"
        try requireMeasurement(wanted, name, place: "wanted")
        try requirePositive(gain, name, place: "gain")
        guard limit >= 0, limit < 1 else {
            throw EntropyDynamicsError.badSetting(
                "\(name) keeps both branches only with a limit from 0 to below 1, got \(limit)", place: "limit")
        }
        let total = expanding + contracting
        // A total too small to divide by moves nothing either.
        let exact = (wanted / gain - net) / total
        guard total > 0, exact.isFinite else {
            let outcome = wanted == gain * net ? FlowScaling.Outcome.met : .noFlow
            return FlowScaling(scale: 0, achieved: gain * net, outcome: outcome)
        }
        let scale = exact.clamped(to: -limit...limit)
        return FlowScaling(
            scale: scale, achieved: gain * (net + scale * total), outcome: scale == exact ? .met : .saturated)
    }
}

/// One λ, what it is predicted to give, and the weights it puts on tokens.
public struct FlowScaling: Sendable, Equatable {
    public enum Outcome: String, Sendable, Codable, CaseIterable {
        /// The wanted change is predicted.
        case met
        /// |λ| is at its limit and the predicted change falls short.
        case saturated
        /// No token changes entropy, so no weight can.
        case noFlow = "no_flow"
    }

    /// λ.
    public let scale: Double
    /// The change predicted with it, nats.
    public let achieved: Double
    public let outcome: Outcome

    /// 1 + λ on a token that raises entropy, 1 − λ on one that lowers it, 1 on one that does neither.
    public func weight(predictedChange: Double) -> Double {
        predictedChange > 0 ? 1 + scale : predictedChange < 0 ? 1 - scale : 1
    }

    /// The weight of every token, shape [N].
    public func weights(predictedChanges: [Double]) -> [Double] { predictedChanges.map { weight(predictedChange: $0) } }
}

private func requireFlow(_ flow: Double, place: String) throws {
    guard flow >= 0, flow.isFinite else {
        throw EntropyDynamicsError(
            .notANumber,
            "a balance of entropy flows needs finite sums of magnitudes, got \(flow); look for diverged weights",
            place: place)
    }
}
