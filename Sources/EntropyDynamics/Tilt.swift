// The policy that trades reward for divergence best: the exponential tilt of a base policy by its rewards.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// p*(y) = p0(y) e^{R(y)/τ} / Z over the outcomes y of a categorical base policy p0.
///
/// It maximises E_p[R] − τ KL(p‖p0) over all p, with maximum τ log Z (Gibbs' variational principle; in reinforcement
/// learning 2106.03931, derived here), so no policy at the same divergence from p0 has more reward.
public struct ExponentialTilt: Sendable, Equatable {
    /// p0; its own softmax temperature plays no part beyond its probabilities.
    public let base: Categorical
    /// R, shape [V].
    public let rewards: [Double]
    /// τ in units of reward per nat.
    public let rewardTemperature: Double
    /// p*, as a softmax at temperature 1.
    public let tilted: Categorical
    /// log Z = log E_p0[e^{R/τ}], nats.
    public let logPartition: Double
    /// E_p*[R] − E_p0[R] ≥ 0, with its digits when the tilt is slight.
    public let rewardGain: Double
    /// KL(p*‖p0) = E_p*[R]/τ − log Z, nats.
    public let divergence: Double

    /// - Parameters: rewards of shape [V], finite; τ > 0, +∞ for no tilt at all.
    /// - Throws: `EntropyDynamicsError` if a reward is missing or not finite, or τ is not positive.
    public init(of base: Categorical, rewards: [Double], rewardTemperature: Double) throws {
        guard rewardTemperature > 0 else {
            throw EntropyDynamicsError(
                .badTemperature, "a tilt needs a positive reward temperature, got \(rewardTemperature)",
                place: "rewardTemperature")
        }
        try base.requireRow(rewards, named: "rewards")
        let centre = base.mean { rewards[$0] }
        let centred = rewards.map { $0 - centre }
        // A reward that belongs to no possible outcome may be anything; it must not spoil the logits.
        let moves = base.probabilities.indices.map { base.probabilities[$0] > 0 ? centred[$0] / rewardTemperature : 0 }
        tilted = try Categorical(logits: zip(base.logProbabilities, moves).map { $0 + $1 })
        // E_p0[moves] = 0, so its first Taylor term may be left out of E_p0[e^moves]: a slight tilt keeps its digits.
        // A strong one is seen from its largest move, whose size then cancels before it is rounded.
        let peak = moves.max() ?? 0
        let slight = peak < 1
        let level = slight ? 0 : peak
        let logMean =
            slight
            ? log1p(base.mean { exponentialRemainder(moves[$0], order: 1) })
            : log(base.mean { exp(moves[$0] - level) })
        let gain = base.mean { expm1(moves[$0] - level - logMean) * centred[$0] }
        self.base = base
        self.rewards = rewards
        self.rewardTemperature = rewardTemperature
        logPartition = level + logMean + centre / rewardTemperature
        rewardGain = gain
        divergence = slight ? max(0, gain / rewardTemperature - logMean) : try tilted.divergence(from: base)
    }

    /// E_p*[R].
    public var expectedReward: Double { tilted.mean { rewards[$0] } }

    /// Var_p*(R) = dE_p*[R] / d(1/τ) ≥ 0; and dKL / d(1/τ) = Var_p*(R) / τ.
    public var rewardVariance: Double {
        let centre = expectedReward
        return tilted.mean {
            let deviation = rewards[$0] - centre
            return deviation * deviation
        }
    }
}
