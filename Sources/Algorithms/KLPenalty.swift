// The divergence from a frozen reference as a price: in the loss of every token, or in the reward of every completion.

import ConfigCoding

/// Adds β k(x) to each token's loss, x = policyLogprob − referenceLogprob (GRPO, 2402.03300, with k3).
///
/// Off policy the mean of k is no longer that of the policy's own tokens: with many updates per batch it lags.
public struct KLRegulariser: TokenRegulariser, Equatable {
    /// β, nats⁻¹.
    public var coefficient: Double
    public var estimator: KLEstimator

    public init(coefficient: Double, estimator: KLEstimator) {
        self.coefficient = coefficient
        self.estimator = estimator
    }

    public var name: String { "kl_penalty" }
    public var reads: Signals { [.logprob, .reference] }

    public func term(for token: Int, in tokens: TokenTable) -> RegulariserTerm {
        // A table without the column was refused by `Algorithm.check`.
        guard let reference = tokens.referenceLogprob else { return RegulariserTerm(loss: .nan, dLogprob: .nan) }
        let x = Double(tokens.policyLogprob[token]) - Double(reference[token])
        return RegulariserTerm(
            loss: coefficient * estimator.value(x), dLogprob: coefficient * estimator.derivative(x))
    }
}

/// Takes β Σ_t k(x_t) from a completion's reward, x = sampledLogprob − referenceLogprob (as in RLOO, 2402.14740).
///
/// Only k1 pulls as the divergence does: in the reward the expected gradient is that of the estimate's value, which for
/// k3 is ∇KL(π‖q) − ∇KL(q‖π), 0 to first order near the reference (derived, tested), and k2 is of second order there
/// too. They are here because published runs use them.
///
/// Groups whose verdicts are all alike get contrast from the price alone, and dividing by their standard deviation makes
/// it as strong as any verdict: set `normalise_std: false` or `dynamic_sampling: true` where that is not wanted.
///
/// Every token shares the completion's sum. PPO and REINFORCE++ as published give each token the sum from itself on
/// instead; without normalisation the expected gradient is the same, since what came before a token does not depend on
/// it.
public struct KLRewardPenalty: CompletionShaping, Equatable {
    public var coefficient: Double
    public var estimator: KLEstimator

    public init(coefficient: Double, estimator: KLEstimator) {
        self.coefficient = coefficient
        self.estimator = estimator
    }

    public var name: String { "kl_penalty" }
    public var reads: Signals { [.sampled, .reference] }

    public func adjustment(for outcome: Outcome) -> Double {
        // An outcome without the column was refused by `Algorithm.advantages`.
        guard let reference = outcome.referenceLogprob else { return .nan }
        return -coefficient
            * zip(outcome.sampledLogprob, reference).reduce(0) { sum, pair in
                sum + estimator.value(Double(pair.0) - Double(pair.1))
            }
    }
}

/// Where the price is paid.
public enum KLPenalty: Sendable {
    case loss(KLRegulariser)
    case reward(KLRewardPenalty)

    private enum Place: String, CaseIterable { case loss, reward }

    var inLoss: KLRegulariser? { if case .loss(let part) = self { part } else { nil } }
    /// β and the estimator.
    var price: (coefficient: Double, estimator: KLEstimator) {
        switch self {
        case .loss(let part): (part.coefficient, part.estimator)
        case .reward(let part): (part.coefficient, part.estimator)
        }
    }
    var inReward: KLRewardPenalty? { if case .reward(let part) = self { part } else { nil } }

    /// Reads `kl_coefficient` (0: none), `kl_in` (loss) and `kl_estimator` (k3 in the loss, k1 in the reward).
    static func reading(_ section: ConfigSection) throws -> KLPenalty? {
        let coefficient = try section.value("kl_coefficient", default: 0, in: 0...Double.greatestFiniteMagnitude)
        let place = try section.choice("kl_in", default: Place.loss)
        let estimator = try section.choice("kl_estimator", default: place == .loss ? KLEstimator.k3 : .k1)
        guard coefficient > 0 else {
            for key in ["kl_in", "kl_estimator"] where section.has(key) {
                throw section.fault(.unknownKey, key, "has no effect where kl_coefficient is 0; remove it")
            }
            return nil
        }
        switch place {
        case .reward: return .reward(KLRewardPenalty(coefficient: coefficient, estimator: estimator))
        case .loss where estimator == .k1:
            throw section.fault(
                .unknownChoice, "kl_estimator",
                "must not be k1 where kl_in is loss, because its expected gradient is 0; use k2 or k3, or set "
                    + "kl_in: reward")
        case .loss: return .loss(KLRegulariser(coefficient: coefficient, estimator: estimator))
        }
    }
}
