// What an optimiser's step is asked to do to entropy, and the arithmetic that finds the knob's setting.

import EntropyDynamics

/// A request to the loop about one update; the loop knows ∇H̄ and the optimiser, the request knows the aim.
///
/// H̄ is the mean entropy of the mini-batch as a function of the parameters, P = 1 / (√v̂ + ε) the optimiser's metric
/// (1 for plain gradient descent), G the gradient of the loss after clipping, η the learning rate.
public struct Steering: Sendable, Equatable {
    public enum Actuator: Sendable, Equatable {
        /// Adds c P∇H̄ to the step itself, at most `cap` times as long as the step (`ProjectedStep`).
        case projectedUpdate(cap: Double)
        /// Adds λ D to the gradient, |λ| ≤ `limit` < 1, D the gradient of the part of the loss that raises the entropy of
        /// its own tokens minus the part that lowers it (sign of −g1 (S − E[S])): Up by 1 + λ, Dn by 1 − λ.
        case flowScaling(limit: Double)
        /// Adds −c ∇H̄ to the gradient: an entropy bonus over all tokens of the mini-batch.
        case entropyCoefficient(range: ClosedRange<Double>)
        /// Asks only for the numbers: the knob is a part of the algorithm and is set already.
        case rule
    }

    public var actuator: Actuator
    /// The change of H̄ that is wanted of this update, nats, before what is pending is taken off.
    public var wanted: Double
    /// Updates in which a gap is to be closed, at least 1.
    public var horizon: Double
    /// The largest |wanted|, nats.
    public var rateLimit: Double
    /// Finds the knob's setting and leaves it where it is.
    public var isDryRun: Bool

    public init(actuator: Actuator, wanted: Double, horizon: Double, rateLimit: Double, isDryRun: Bool) {
        self.actuator = actuator
        self.wanted = wanted
        self.horizon = horizon
        self.rateLimit = rateLimit
        self.isDryRun = isDryRun
    }

    /// Whether the loop has to compute the gradients of rising and falling tokens apart.
    public var scalesFlows: Bool {
        if case .flowScaling = actuator { true } else { false }
    }

    /// What is wanted of a gradient while momentum still holds a change of `pending` nats: the gap that counts is the one
    /// that remains when the momentum has acted.
    public func wanted(pending: Double) -> Double {
        min(max(wanted - pending / horizon, -rateLimit), rateLimit)
    }
}

/// What became of a request. Changes in nats; a number that has no meaning for the actuator is NaN.
public struct SteeringReport: Sendable, Equatable {
    public enum Outcome: String, Sendable, Codable, CaseIterable {
        case met, saturated
        /// The knob moves nothing: entropy is at 0 or log V, or nothing flows.
        case noEffect = "no_effect"
        /// An inner product is not finite, and nothing was steered.
        case notFinite = "not_finite"
    }

    public var wanted: Double
    /// Predicted without steering: ∇H̄·Δθ for the projected update; for the others −η ∇H̄·P G, all that this gradient
    /// will do over the optimiser's memory.
    public var predicted: Double
    /// The same with the knob where it was set (dry run: would have been).
    public var achieved: Double
    /// c, λ or the coefficient.
    public var knob: Double
    /// Length of what the knob adds over the length of the step (of the gradient), in the optimiser's metric.
    public var share: Double
    /// −η β₁ / (1 − β₁) ∇H̄·P m: what past gradients are still going to do, before this one. 0 for the projected update,
    /// whose ∇H̄·Δθ has the momentum in it.
    public var pending: Double
    public var outcome: Outcome

    public init(
        wanted: Double, predicted: Double, achieved: Double, knob: Double, share: Double, pending: Double = 0,
        outcome: Outcome
    ) {
        self.wanted = wanted
        self.predicted = predicted
        self.achieved = achieved
        self.knob = knob
        self.share = share
        self.pending = pending
        self.outcome = outcome
    }
}

extension Steering {
    /// The projected update's coefficient c, from ∇H̄·Δθ, ∇H̄·P∇H̄ and |Δθ|² in the metric P⁻¹.
    public func projection(predicted: Double, directionSquare: Double, stepSquare: Double, cap: Double)
        -> SteeringReport
    {
        let wanted = wanted(pending: 0)
        // The thermostat's settings were checked when they were read.
        guard let step = try? ProjectedStep(horizon: horizon, rateLimit: rateLimit, correctionCap: cap) else {
            return SteeringReport(
                wanted: wanted, predicted: predicted, achieved: predicted, knob: 0, share: 0, outcome: .notFinite)
        }
        let length = stepSquare.squareRoot()
        let found = step.correction(
            toward: wanted, predictedChange: predicted, gradientSquare: directionSquare, stepLength: length)
        let outcome: SteeringReport.Outcome =
            switch found.outcome {
            case .met, .alreadyMet: .met
            case .capped: .saturated
            case .noGradient: .noEffect
            case .notFinite: .notFinite
            }
        return SteeringReport(
            wanted: wanted, predicted: predicted, achieved: found.achieved, knob: found.coefficient,
            share: found.length == 0 ? 0 : found.length / length, outcome: outcome)
    }

    /// The setting x in `range` with `effect` + x · `response` = wanted.
    ///
    /// - Parameters:
    ///   - effect: what the gradient does without the knob, nats.
    ///   - response: what one unit of the knob adds, nats.
    ///   - pending: what momentum is still going to do, nats.
    ///   - unitShare: length of one unit of the knob over the length of the gradient.
    public func setting(
        effect: Double, response: Double, pending: Double, unitShare: Double, in range: ClosedRange<Double>
    ) -> SteeringReport {
        let wanted = wanted(pending: pending)
        var report = SteeringReport(
            wanted: wanted, predicted: effect, achieved: effect, knob: 0, share: 0, pending: pending,
            outcome: .notFinite)
        guard wanted.isFinite, effect.isFinite, response.isFinite else { return report }
        let exact = (wanted - effect) / response
        guard response != 0, exact.isFinite else {
            report.outcome = wanted == effect ? .met : .noEffect
            return report
        }
        report.knob = min(max(exact, range.lowerBound), range.upperBound)
        report.achieved = effect + report.knob * response
        report.share = abs(report.knob) * unitShare
        report.outcome = report.knob == exact ? .met : .saturated
        return report
    }
}
