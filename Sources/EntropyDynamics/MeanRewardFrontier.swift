// The frontier of mean reward against mean divergence over many prompts.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Mean pass rate against mean KL over prompts of different base pass rates, all tilted with one τ.
///
/// One τ is optimal for a budget of mean KL: each prompt's frontier is concave with slope dq/dKL = τ, and equal slopes
/// leave nothing to gain by moving a nat from one prompt to another (derived). It is also what maximising
/// mean(R) − τ mean(KL) does. Nats per sequence.
public struct MeanRewardFrontier: Sendable, Equatable {
    public let prompts: [RewardFrontier]

    /// - Throws: `EntropyDynamicsError` if there are no prompts or a rate is outside 0...1.
    public init(basePassRates: [Double]) throws {
        guard !basePassRates.isEmpty else {
            throw EntropyDynamicsError(
                .tooFew, "a mean frontier needs at least one prompt; none was given", place: "basePassRates")
        }
        prompts = try basePassRates.map { try RewardFrontier(basePassRate: $0) }
    }

    /// Mean q0.
    public var basePassRate: Double { mean { $0.basePassRate } }

    /// Mean q* at τ ≥ 0.
    public func passRate(temperature: Double) -> Double { mean { $0.passRate(temperature: temperature) } }

    /// Mean KL at τ ≥ 0, nats.
    public func divergence(temperature: Double) -> Double { mean { $0.divergence(temperature: temperature) } }

    /// The mean KL at which every prompt that can be passed is passed with certainty; prompts with q0 = 0 count 0.
    public var divergenceOfCertainty: Double { divergence(temperature: 0) }

    /// The common τ that spends this mean KL, the slope of the frontier there; 0 if it suffices for certainty, ∞ for 0.
    public func temperature(withinMeanDivergence divergence: Double) -> Double {
        guard divergence > 0 else { return divergence == 0 ? .infinity : .nan }
        guard divergence < divergenceOfCertainty else { return 0 }
        let tilted = prompts.filter { $0.basePassRate > 0 && $0.basePassRate < 1 }
        let share = 1 / Double(prompts.count)
        func spent(_ tilt: Double) -> Double { share * tilted.reduce(0) { $0 + $1.divergence(tilt: tilt) } }
        var high = 1.0
        while spent(high) < divergence, high < 1e4 { high *= 2 }
        let tilt = monotoneRoot(from: 0, to: high, startingAt: 0.5 * high) { tilt in
            (spent(tilt) - divergence, share * tilted.reduce(0) { $0 + tilt * $1.variance(tilt: tilt) })
        }
        return 1 / tilt
    }

    /// The largest mean pass rate of any policy whose mean KL is at most `divergence` ≥ 0.
    public func passRate(withinMeanDivergence divergence: Double) -> Double {
        passRate(temperature: temperature(withinMeanDivergence: divergence))
    }

    /// Share of the frontier's gain in mean reward that a measured policy has; nil where the frontier gains nothing.
    public func efficiency(reward: Double, meanDivergence: Double) -> Double? {
        let gain = passRate(withinMeanDivergence: meanDivergence) - basePassRate
        return gain > 0 ? (reward - basePassRate) / gain : nil
    }

    private func mean(_ value: (RewardFrontier) -> Double) -> Double {
        prompts.reduce(0) { $0 + value($1) } / Double(prompts.count)
    }
}
