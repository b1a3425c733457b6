// One decoding step's distribution over the vocabulary, with every quantity the entropy theory speaks of.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The softmax of one row of logits, in Double: the reference every faster implementation is compared with.
///
/// Notation of 2602.03392: p = softmax(z / T), H = −Σ p log p in nats, S_i = p_i (H + log p_i).
/// Logits of −∞ are allowed (tokens that cannot be sampled); they have p = 0 and, by 0·log 0 = 0, S = 0.
public struct Categorical: Sendable, Equatable {
    /// log p, shape [V], nats.
    public let logProbabilities: [Double]
    /// p, shape [V].
    public let probabilities: [Double]
    /// H, nats.
    public let entropy: Double
    /// T; displacements and gradients are always with respect to the raw logits z, not z / T.
    public let temperature: Double

    /// - Parameter logits: z, shape [V].
    /// - Throws: `EntropyDynamicsError` if no logit is finite, one is NaN or +∞, or the temperature is not positive
    ///   and finite.
    public init(logits: [Double], temperature: Double = 1) throws {
        guard temperature > 0, temperature.isFinite else {
            throw EntropyDynamicsError(
                .badTemperature, "a softmax needs a positive finite temperature, got \(temperature)",
                place: "temperature")
        }
        for (index, logit) in logits.enumerated() where logit.isNaN || logit == .infinity {
            throw EntropyDynamicsError(
                .notANumber, "a softmax needs logits that are finite or -inf, got \(logit)", place: "logits[\(index)]")
        }
        guard let top = logits.indices.max(by: { logits[$0] < logits[$1] }), logits[top].isFinite else {
            throw EntropyDynamicsError(
                .noSupport, "a softmax needs at least one finite logit among its \(logits.count)", place: "logits")
        }
        let shifted = logits.map { ($0 - logits[top]) / temperature }
        // The top token is left out of the sums: 1 − p_top and H then keep their digits when p_top is nearly 1.
        var tail = 0.0
        var tailMean = 0.0
        for (index, u) in shifted.enumerated() where index != top && u > -.infinity {
            let weight = exp(u)
            tail += weight
            tailMean += weight * u
        }
        let logNormaliser = log1p(tail)
        logProbabilities = shifted.map { $0 - logNormaliser }
        probabilities = logProbabilities.map { exp($0) }
        entropy = logNormaliser - tailMean / (1 + tail)
        self.temperature = temperature
    }

    /// V, including tokens of probability 0.
    public var vocabulary: Int { probabilities.count }

    /// S_i = p_i (H + log p_i) = −T ∂H/∂z_i (2602.03392, theorem 3.2).
    public func discriminant(of token: Int) -> Double {
        let p = probabilities[token]
        return p == 0 ? 0 : p * (entropy + logProbabilities[token])
    }

    /// S, shape [V]; sums to 0 because softmax does not see a constant added to every logit.
    public var discriminants: [Double] { probabilities.indices.map { discriminant(of: $0) } }

    /// Mean of `value` over the tokens with p > 0, weighted by p.
    public func mean(_ value: (Int) -> Double) -> Double {
        probabilities.indices.reduce(0) { probabilities[$1] == 0 ? $0 : $0 + probabilities[$1] * value($1) }
    }

    /// E_p[S] = Σ p_i S_i ≥ 0, the dynamic baseline of a policy-gradient step (2602.03392, theorem 3.3).
    public var expectedDiscriminant: Double { mean { discriminant(of: $0) } }

    /// Var_p[S].
    public var varianceDiscriminant: Double {
        let centre = expectedDiscriminant
        return mean {
            let deviation = discriminant(of: $0) - centre
            return deviation * deviation
        }
    }

    /// Σ p², the probability that two draws agree.
    public var collision: Double { probabilities.reduce(0) { $0 + $1 * $1 } }

    /// Σ S², unweighted: the squared length of T ∂H/∂z, hence what one unit of an entropy bonus buys.
    public var squaredDiscriminant: Double {
        probabilities.indices.reduce(0) { $0 + discriminant(of: $1) * discriminant(of: $1) }
    }

    /// Var_p[log p].
    public var varentropy: Double {
        mean {
            let deviation = logProbabilities[$0] + entropy
            return deviation * deviation
        }
    }
}
