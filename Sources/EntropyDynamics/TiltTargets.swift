// The tilt that spends a wanted divergence or earns a wanted reward.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension ExponentialTilt {
    /// The largest divergence any tilt of this base reaches, −log p0(best outcomes), and the reward there, for τ → 0.
    public static func limits(
        of base: Categorical, rewards: [Double]
    ) throws -> (divergence: Double, expectedReward: Double) {
        try base.requireRow(rewards, named: "rewards")
        let best = base.probabilities.indices.reduce(-Double.infinity) {
            base.probabilities[$1] > 0 ? max($0, rewards[$1]) : $0
        }
        let missing = base.mean { rewards[$0] < best ? 1 : 0 }
        let mass = base.mean { rewards[$0] < best ? 0 : 1 }
        return (missing < 0.5 ? -log1p(-missing) : -log(mass), best)
    }

    /// The tilt with KL(p*‖p0) = `divergence`, in nats: the most reward that this divergence buys.
    ///
    /// KL rises strictly with 1/τ from 0 to `limits`, so the answer is unique.
    /// - Throws: `EntropyDynamicsError` if the divergence is not strictly between those, or as the initialiser does.
    public static func reaching(
        divergence target: Double, of base: Categorical, rewards: [Double]
    ) throws -> ExponentialTilt {
        let limit = try limits(of: base, rewards: rewards).divergence
        guard target > 0, target < limit else {
            throw EntropyDynamicsError(
                .outOfRange,
                "no tilt has a divergence of \(target) nats: it must lie between 0 and \(limit), both excluded",
                place: "divergence")
        }
        return try solve(base, rewards, "divergence", tolerance: 2e-16 * target) { tilt, slope in
            (tilt.divergence - target, slope / tilt.rewardTemperature)
        }
    }

    /// The tilt with E_p*[R] = `expectedReward`: the nearest policy to the base, in KL(p*‖p0), with that reward.
    ///
    /// E_p*[R] rises strictly with 1/τ from E_p0[R] to the best reward, so the answer is unique.
    /// - Throws: `EntropyDynamicsError` if the reward is not strictly between those, or as the initialiser does.
    public static func reaching(
        expectedReward target: Double, of base: Categorical, rewards: [Double]
    ) throws -> ExponentialTilt {
        let limit = try limits(of: base, rewards: rewards).expectedReward
        let start = base.mean { rewards[$0] }
        guard target > start, target < limit else {
            throw EntropyDynamicsError(
                .outOfRange,
                "no tilt has an expected reward of \(target): it must lie between \(start) and \(limit), both excluded",
                place: "expectedReward")
        }
        return try solve(base, rewards, "expectedReward", tolerance: 2e-16 * (target - start)) { tilt, slope in
            (tilt.rewardGain - (target - start), slope)
        }
    }

    /// Root in x = log(1/τ); `residual` gets the tilt and dE_p*[R]/dx = Var_p*(R)/τ, returns value and slope in x.
    private static func solve(
        _ base: Categorical, _ rewards: [Double], _ target: String, tolerance: Double,
        _ residual: (ExponentialTilt, Double) -> (value: Double, slope: Double)
    ) throws -> ExponentialTilt {
        let possible = rewards.indices.filter { base.probabilities[$0] > 0 }.map { rewards[$0] }
        let scale = log((possible.max() ?? 1) - (possible.min() ?? 0))
        let root = try increasingRoot(near: -scale, in: (-scale - 600)...(-scale + 600), tolerance: tolerance) { x in
            let tilt = try ExponentialTilt(of: base, rewards: rewards, rewardTemperature: exp(-x))
            return residual(tilt, tilt.rewardVariance / tilt.rewardTemperature)
        }
        guard let root else {
            throw EntropyDynamicsError(
                .outOfRange, "the wanted \(target) is too close to what no tilt reaches; move it inwards", place: target
            )
        }
        return try ExponentialTilt(of: base, rewards: rewards, rewardTemperature: exp(-root))
    }
}
