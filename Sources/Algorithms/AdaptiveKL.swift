// The KL coefficient as a thermostat of distance: it rises while the policy is farther from the reference than wanted.

import ConfigCoding
public import EntropyDynamics

/// After each update's measurement β ← β (1 + clip(KL / target − 1, ±0.2) · n / horizon), n the responses of the mini-batch
/// (1909.08593, section 2.2; primary: as published trainers have it; the law is `AdaptiveKLCoefficient`).
///
/// KL is the penalty's own estimator, as a mean over the mini-batch's tokens at the policy the gradient is taken at. β acts
/// where the penalty is paid: in the loss from the next update on, in the reward from the next step on. Void as a
/// control of entropy: it holds a distance, and pulls back towards the reference's entropy whatever the reward.
public struct AdaptiveKLPenalty: Controller {
    public let estimator: KLEstimator
    private var law: AdaptiveKLCoefficient
    private var measured = Double.nan
    private var applied: Double

    public init(estimator: KLEstimator, settings: AdaptiveKLCoefficient.Settings) throws {
        self.estimator = estimator
        law = try AdaptiveKLCoefficient(settings)
        applied = settings.initial
    }

    public var name: String { "adaptive_kl" }
    public var reads: Signals { [.logprob, .reference] }
    public var state: AdaptiveKLCoefficient.State { law.state }

    public mutating func restore(_ state: AdaptiveKLCoefficient.State) throws {
        law = try AdaptiveKLCoefficient(law.settings, resuming: state)
        applied = law.coefficient
    }

    public mutating func prepare(_ plan: inout UpdatePlan, for update: PendingUpdate) throws {
        applied = law.coefficient
        plan.algorithm.regularisers = plan.algorithm.regularisers.map { part in
            guard var penalty = part as? KLRegulariser else { return part }
            penalty.coefficient = applied
            return penalty
        }
        // A table without the column was refused by `Algorithm.check`.
        guard let reference = update.tokens.referenceLogprob, !reference.isEmpty else { return }
        let total = zip(update.tokens.policyLogprob, reference).reduce(0.0) { sum, pair in
            sum + estimator.value(Double(pair.0) - Double(pair.1))
        }
        measured = total / Double(reference.count)
        try law.update(kl: measured, count: Set(update.tokens.sequence).count)
    }

    public func adjusted(_ credit: any Credit) -> any Credit {
        switch credit {
        case var shaped as ShapedCredit:
            shaped.shapings = shaped.shapings.map { shaping in
                guard var price = shaping as? KLRewardPenalty else { return shaping }
                price.coefficient = law.coefficient
                return price
            }
            return shaped
        case var filter as OverlongFilter:
            filter.base = adjusted(filter.base)
            return filter
        default: return credit
        }
    }

    /// `coefficient` (β of this update), `next` (after its measurement), `divergence` (as measured, nats per token).
    public var metrics: [Metric] {
        [Metric("coefficient", applied), Metric("next", law.coefficient), Metric("divergence", measured)]
    }

    /// Reads `kl_target` (nats per token; nil leaves the coefficient where it is) and `kl_horizon` (10000 responses)
    /// beside the keys of `KLPenalty`.
    static func reading(_ section: ConfigSection, _ penalty: KLPenalty?) throws -> AdaptiveKLPenalty? {
        let target = try section.optional("kl_target", as: Double.self, in: 1e-9...1e6)
        let horizon = try section.optional("kl_horizon", as: Double.self, in: 1...1e12)
        guard let target else {
            guard horizon == nil else {
                throw section.fault(.unknownKey, "kl_horizon", "has no effect without kl_target; remove it")
            }
            return nil
        }
        guard let penalty else {
            throw section.fault(
                .outOfRange, "kl_target", "needs a kl_coefficient above 0 to start from, because it is only multiplied")
        }
        let (coefficient, estimator) = penalty.price
        do {
            return try AdaptiveKLPenalty(
                estimator: estimator,
                settings: .init(initial: coefficient, target: target, horizon: horizon ?? 10_000))
        } catch {
            throw section.fault(.outOfRange, "kl_target", "makes no controller: \(error)")
        }
    }
}
