// How much reward a divergence from the base policy can buy: the closed form for a reward that is 0 or 1.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The frontier of pass rate against KL(p ‖ p0) of one prompt whose base policy passes with probability q0.
///
/// The policy of largest E[R] − τ KL is p*(y) = p0(y) e^{R(y)/τ} / Z (2106.03931; binary case derived). For R in {0, 1}
/// it keeps the ratios among passing and among failing sequences, hence with Z = 1 − q0 + q0 e^{1/τ}:
/// q* = q0 e^{1/τ} / Z and KL = q*/τ − ln Z, the divergence of two coins. Nats per sequence (not per token).
/// Reached only by a policy that can represent p*; measured points lie below.
public struct RewardFrontier: Sendable, Equatable {
    /// q0, in 0...1. At 0 and 1 no divergence changes the pass rate.
    public let basePassRate: Double

    /// - Throws: `EntropyDynamicsError` unless 0 ≤ q0 ≤ 1.
    public init(basePassRate: Double) throws {
        guard basePassRate >= 0, basePassRate <= 1 else {
            throw EntropyDynamicsError(
                .outOfRange, "a pass rate lies between 0 and 1, got \(basePassRate)", place: "basePassRate")
        }
        self.basePassRate = basePassRate
    }

    /// q* at temperature τ ≥ 0 of the reward: 1 at τ = 0, q0 at ∞.
    public func passRate(temperature: Double) -> Double {
        min(basePassRate + gain(tilt: 1 / temperature), 1)
    }

    /// KL at temperature τ ≥ 0, nats: −ln q0 at τ = 0, 0 at ∞.
    public func divergence(temperature: Double) -> Double { divergence(tilt: 1 / temperature) }

    /// q ln(q/q0) + (1 − q) ln((1 − q)/(1 − q0)), the least KL of any policy with pass rate q; ∞ where none has q.
    public func divergence(passRate q: Double) -> Double {
        guard q >= 0, q <= 1 else { return .nan }
        return divergence(change: q - basePassRate)
    }

    /// The KL of a change δ = q − q0, which keeps the digits of a small one.
    private func divergence(change: Double) -> Double {
        guard change != 0 else { return 0 }
        guard basePassRate > 0, basePassRate < 1 else { return .infinity }
        // Around q0 the two logarithms nearly cancel; these two terms are both positive.
        let ratio = change / basePassRate
        let gained =
            ratio < 1e20
            ? basePassRate * relativeExcess(ratio) : change * (log(change) - log(basePassRate) - 1)
        return gained + (1 - basePassRate) * relativeExcess(-change / (1 - basePassRate))
    }

    /// −ln q0: the KL at which passing becomes certain; ∞ for q0 = 0.
    public var divergenceOfCertainty: Double { -log(basePassRate) }

    /// The largest pass rate of any policy with KL ≤ `divergence` ≥ 0 nats.
    public func passRate(withinDivergence divergence: Double) -> Double {
        passRate(temperature: temperature(withinDivergence: divergence))
    }

    /// The τ whose optimum spends exactly this KL; 0 if it suffices for certainty (or nothing can be bought), ∞ for 0.
    ///
    /// It is also the slope dq/dKL of the frontier there: what the last nat bought.
    public func temperature(withinDivergence divergence: Double) -> Double {
        guard divergence > 0 else { return divergence == 0 ? .infinity : .nan }
        guard basePassRate > 0, basePassRate < 1, divergence < divergenceOfCertainty else { return 0 }
        // Within 800 or so KL is −ln q0 to rounding, however small q0 is.
        var high = 1.0
        while self.divergence(tilt: high) < divergence, high < 1e4 { high *= 2 }
        let start = (2 * divergence / (basePassRate * (1 - basePassRate))).squareRoot()
        let tilt = monotoneRoot(from: 0, to: high, startingAt: start) {
            (self.divergence(tilt: $0) - divergence, $0 * self.variance(tilt: $0))
        }
        return 1 / tilt
    }

    /// (reward − q0) / (frontier at the same KL − q0) of a measured policy; nil where the frontier gains nothing.
    ///
    /// At most 1 but for measurement error, negative for a policy worse than the base.
    public func efficiency(reward: Double, divergence: Double) -> Double? {
        let best = passRate(withinDivergence: divergence) - basePassRate
        return best > 0 ? (reward - basePassRate) / best : nil
    }

    // In terms of the tilt 1/τ, which is 0 without a reward.

    /// q* − q0 = q0 (1 − q0) (e^{1/τ} − 1) / Z.
    func gain(tilt: Double) -> Double {
        guard tilt >= 0 else { return .nan }
        guard basePassRate > 0, basePassRate < 1 else { return 0 }
        let rest = exp(-tilt)
        return (1 - basePassRate) * (basePassRate * -expm1(-tilt) / (basePassRate + (1 - basePassRate) * rest))
    }

    /// q* (1 − q*), the derivative of q* with respect to the tilt; times the tilt, that of KL.
    func variance(tilt: Double) -> Double {
        let rest = exp(-tilt)
        let scale = basePassRate + (1 - basePassRate) * rest
        return scale > 0 ? basePassRate / scale * ((1 - basePassRate) * rest / scale) : 0
    }

    /// q*/τ − ln Z, written as the divergence of the two coins, whose terms do not cancel.
    func divergence(tilt: Double) -> Double {
        guard basePassRate > 0, basePassRate < 1 else { return 0 }
        return divergence(change: gain(tilt: tilt))
    }
}

/// (1 + x) ln(1 + x) − x ≥ 0 for x ≥ −1.
private func relativeExcess(_ x: Double) -> Double {
    guard x > -1 else { return 1 }
    guard abs(x) < 0.1 else { return (1 + x) * log1p(x) - x }
    // x²/2 − x³/6 + x⁴/12 − …: the terms of first order have cancelled.
    var (sum, power) = (0.0, x)
    for k in 2...18 {
        power *= k == 2 ? x : -x
        sum += power / Double(k * (k - 1))
    }
    return sum
}
