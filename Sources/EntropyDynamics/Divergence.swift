// How far one distribution is from another: Kullback-Leibler divergence and cross entropy.

extension Categorical {
    /// KL(p‖q) = Σ p log(p/q) ≥ 0 of this p from another q, in nats; +∞ where q is 0 and p is not.
    ///
    /// Summed as Σ p (e^−ℓ − 1 + ℓ) with ℓ = log(p/q), the same because both sum to 1: no term is negative, so a
    /// divergence of two nearly equal distributions (ℓ²/2) keeps its digits. The other direction is
    /// `q.divergence(from: p)`.
    /// - Throws: `EntropyDynamicsError` if the vocabularies differ in size.
    public func divergence(from other: Categorical) throws -> Double {
        try requireSameVocabulary(as: other)
        return probabilities.indices.reduce(0) { sum, token in
            let (p, q) = (probabilities[token], other.probabilities[token])
            guard p > 0 else { return sum + q }
            let ratio = logProbabilities[token] - other.logProbabilities[token]
            return sum + (abs(ratio) < 0.5 ? p * exponentialRemainder(-ratio, order: 1) : p * ratio + (q - p))
        }
    }

    /// −Σ p log q = H(p) + KL(p‖q) of this p under another q, in nats; +∞ where q is 0 and p is not.
    ///
    /// - Throws: `EntropyDynamicsError` if the vocabularies differ in size.
    public func crossEntropy(under other: Categorical) throws -> Double {
        try requireSameVocabulary(as: other)
        return mean { -other.logProbabilities[$0] }
    }

    func requireSameVocabulary(as other: Categorical) throws {
        guard other.vocabulary == vocabulary else {
            throw EntropyDynamicsError(
                .unequalLengths,
                "two distributions can be compared over one vocabulary only: \(vocabulary) and \(other.vocabulary)",
                place: "vocabulary")
        }
    }

    /// Every row that is averaged under p must have one entry per token, finite wherever p > 0.
    func requireRow(_ row: [Double], named name: String) throws {
        guard row.count == vocabulary else {
            throw EntropyDynamicsError(
                .unequalLengths, "a row of \(name) needs one entry per token: \(row.count) for \(vocabulary)",
                place: name)
        }
        for (token, value) in row.enumerated() where probabilities[token] > 0 && !value.isFinite {
            throw EntropyDynamicsError(
                .notANumber, "a row of \(name) must be finite where a token can be sampled, got \(value)",
                place: "\(name)[\(token)]")
        }
    }

    func requireToken(_ token: Int) throws {
        guard probabilities.indices.contains(token) else {
            throw EntropyDynamicsError(
                .outOfRange, "a step on one token needs a token of the vocabulary of \(vocabulary), got \(token)",
                place: "token")
        }
    }
}
