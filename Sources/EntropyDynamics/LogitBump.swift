// What moving a single logit does to entropy: first order, second order, and exactly.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The displacement δz = ε e_k of one token's logit, known through that token's log p and its step's H alone.
///
/// 2602.03392, lemma 3.1 and theorem 3.2 (first order); the second order and the closed form are ours.
public struct LogitBump: Sendable, Equatable {
    /// log p_k, nats.
    public let logprob: Double
    /// H, nats.
    public let entropy: Double
    /// T of p = softmax(z / T); ε moves the raw logit z.
    public let temperature: Double

    public init(logprob: Double, entropy: Double, temperature: Double = 1) {
        self.logprob = logprob
        self.entropy = entropy
        self.temperature = temperature
    }

    /// S_k.
    public var discriminant: Double { EntropyDynamics.discriminant(logprob: logprob, entropy: entropy) }

    /// ΔH = −ε S_k / T + O(ε²).
    public func firstOrder(_ epsilon: Double) -> Double { -(epsilon / temperature) * discriminant }

    /// ΔH = −ε S_k − (ε²/2) [(1 − 2p) S_k + p (1 − p)] + O(ε³), with ε/T for ε.
    public func secondOrder(_ epsilon: Double) -> Double {
        let move = epsilon / temperature
        return -move * discriminant + move * move * curvature
    }

    /// The coefficient of ε² at T = 1: −½ [(1 − 2p) S_k + p (1 − p)].
    public var curvature: Double {
        let p = exp(logprob)
        return -0.5 * ((1 - 2 * p) * discriminant - p * expm1(logprob))
    }

    /// ΔH without approximation, for any ε.
    ///
    /// With Q = 1 + p (e^ε − 1): ΔH = log Q − [ε p e^ε + S_k (e^ε − 1)] / Q, in which the H of both ends has been
    /// cancelled by hand, so that a tiny ε keeps its digits.
    public func exact(_ epsilon: Double) -> Double {
        let move = epsilon / temperature
        let p = exp(logprob)
        // A large rise is written with e^−ε so that nothing overflows.
        if move > 30 {
            let rest = exp(-move)
            let scaled = rest * -expm1(logprob) + p
            return log(scaled) + move - (move * p + discriminant * (1 - rest)) / scaled
        }
        let growth = expm1(move)
        let q = 1 + p * growth
        return log1p(p * growth) - (move * p * exp(move) + discriminant * growth) / q
    }
}

extension Categorical {
    /// The bump of one token's logit.
    public func bump(of token: Int) -> LogitBump {
        LogitBump(logprob: logProbabilities[token], entropy: entropy, temperature: temperature)
    }

    /// First-order change of every probability under δz = ε e_k, shape [V]: ε p_k (1[i=k] − p_i) / T (lemma 3.1).
    public func probabilityShift(bumping token: Int, by epsilon: Double) -> [Double] {
        let rate = epsilon / temperature * probabilities[token]
        return probabilities.indices.map {
            $0 == token ? -rate * expm1(logProbabilities[token]) : -rate * probabilities[$0]
        }
    }
}
