// Four estimates of how far the policy is from another one, from the tokens that were sampled.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An estimate per token of KL(π‖q) from x = log π − log q of a token drawn from π, and its derivative by log π.
///
/// What a loss does with it is decided by the expected gradient, not by the value (derived, tested): k1 gives 0, k2
/// gives ∇KL(π‖q), k3 gives ∇KL(q‖π), the other direction.
public enum KLEstimator: String, Sendable, CaseIterable {
    /// x; its mean is KL(π‖q), its derivative 1, whose expected gradient is 0: of no use in a loss.
    case k1
    /// x²/2; equal to the divergence to second order.
    case k2
    /// e^−x − 1 + x; its mean is KL(π‖q) with little variance.
    case k3
    /// |x|; no estimate of a divergence, but what KL-Cov's published code uses. Derivative 0 at x = 0.
    case abs

    /// x is held within ±20 in the exponent of k3, so that a token that the other policy never draws gives a number.
    static let exponentBound = ClippedSurrogate.logRatioBound

    /// - Parameter logRatio: x, nats.
    public func value(_ logRatio: Double) -> Double {
        switch self {
        case .k1: logRatio
        case .k2: logRatio * logRatio / 2
        case .k3: bounded(-logRatio) - 1 + logRatio
        case .abs: Swift.abs(logRatio)
        }
    }

    /// ∂/∂x.
    public func derivative(_ logRatio: Double) -> Double {
        switch self {
        case .k1: 1
        case .k2: logRatio
        case .k3: 1 - bounded(-logRatio)
        case .abs: logRatio == 0 ? 0 : logRatio > 0 ? 1 : -1
        }
    }

    private func bounded(_ exponent: Double) -> Double {
        exp(min(max(exponent, -Self.exponentBound), Self.exponentBound))
    }
}
