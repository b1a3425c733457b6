// What a penalty towards a reference policy, alone or beside reward and entropy bonus, does to a step's entropy.

extension Categorical {
    /// The direction −p_i (ℓ_i − KL) / T of gradient descent on KL(p‖ref), ℓ = log(p/ref), shape [V].
    ///
    /// A penalty β and learning rate η give the step ηβ, and to first order
    /// ΔH = (ηβ/T²) Σ S_i p_i (ℓ_i − KL), of either sign. Derived. The estimator k2 = ℓ²/2 of a sampled token, put in
    /// the loss, follows this direction in expectation; k1 = ℓ in the loss follows none.
    /// - Throws: `EntropyDynamicsError` if the vocabularies differ or the reference rules out a token of p.
    public func reverseDivergenceStep(towards reference: Categorical) throws -> LogitDisplacement {
        try LogitDisplacement(self, along: reverseDivergenceDescent(towards: reference))
    }

    /// The direction (ref − p) / T of gradient descent on KL(ref‖p), shape [V].
    ///
    /// A penalty β and learning rate η give the step ηβ, and to first order ΔH = (ηβ/T²)(E_p[S] − E_ref[S]).
    /// Derived. The estimator k3 = e^−ℓ − 1 + ℓ, put in the loss, follows this direction in expectation although its
    /// value estimates KL(p‖ref).
    /// - Throws: `EntropyDynamicsError` if the vocabularies differ or p rules out a token of the reference.
    public func forwardDivergenceStep(towards reference: Categorical) throws -> LogitDisplacement {
        try LogitDisplacement(self, along: forwardDivergenceDescent(towards: reference))
    }

    func reverseDivergenceDescent(towards reference: Categorical) throws -> [Double] {
        let total = try divergence(from: reference)
        guard total.isFinite else { throw Categorical.uncovered("the policy", by: "the reference") }
        return probabilities.indices.map { token in
            let p = probabilities[token]
            guard p > 0 else { return 0 }
            let ratio = logProbabilities[token] - reference.logProbabilities[token]
            return -p * (ratio - total) / temperature
        }
    }

    func forwardDivergenceDescent(towards reference: Categorical) throws -> [Double] {
        guard try reference.divergence(from: self).isFinite else {
            throw Categorical.uncovered("the reference", by: "the policy")
        }
        return probabilities.indices.map { (reference.probabilities[$0] - probabilities[$0]) / temperature }
    }

    private static func uncovered(_ one: String, by other: String) -> EntropyDynamicsError {
        EntropyDynamicsError(
            .noSupport,
            "a divergence is infinite: \(one) can draw a token that \(other) cannot; compare them over one support",
            place: "reference")
    }
}

/// A penalty β KL between policy p and reference in an objective.
public struct DivergencePenalty: Sendable, Equatable {
    public enum Direction: Sendable, Equatable {
        /// KL(p‖ref).
        case reverse
        /// KL(ref‖p).
        case forward
    }

    public var reference: Categorical
    /// β ≥ 0 of −β KL in an objective that is maximised.
    public var coefficient: Double
    public var direction: Direction

    public init(towards reference: Categorical, coefficient: Double, direction: Direction = .reverse) {
        self.reference = reference
        self.coefficient = coefficient
        self.direction = direction
    }
}

extension Categorical {
    /// The gradient of r A log p_k + β_H H − β KL in the raw logits, shape [V], as one displacement.
    ///
    /// Its `firstOrder(η)` is the sum of the parts' first orders,
    /// (η/T²) {−r A (S_k − E_p[S]) + β_H Σ S² + β Σ S_i p_i (ℓ_i − KL)} for the reverse direction;
    /// `exact(η)` is not such a sum.
    /// - Parameters: the sampled token k; `weight` = r A, held constant, of an unclipped GRPO token;
    ///   `entropyCoefficient` = β_H.
    /// - Throws: `EntropyDynamicsError` if the token is not in the vocabulary, or as the divergence steps do.
    public func regularisedStep(
        on token: Int, weight: Double, entropyCoefficient: Double = 0, penalty: DivergencePenalty? = nil
    ) throws -> LogitDisplacement {
        try requireToken(token)
        var direction = lossGradient(g1: weight, g2: entropyCoefficient, of: token)
        if let penalty, penalty.coefficient != 0 {
            let descent =
                switch penalty.direction {
                case .reverse: try reverseDivergenceDescent(towards: penalty.reference)
                case .forward: try forwardDivergenceDescent(towards: penalty.reference)
                }
            for index in direction.indices { direction[index] += penalty.coefficient * descent[index] }
        }
        return try LogitDisplacement(self, along: direction)
    }
}
