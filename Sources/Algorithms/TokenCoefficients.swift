// What an algorithm says about each token of a mini-batch.

import EntropyDynamics

/// Per-token weights and derivatives of the mini-batch loss L (to be minimised), with the entropy change they predict.
public struct TokenCoefficients: Sendable, Equatable {
    /// The product of the rules' weights, [N]; 0 where a rule dropped the token.
    public var weight: [Float]
    /// ∂L/∂log p_k, [N], weight and aggregation included.
    public var g1: [Float]
    /// ∂L/∂H, [N], weight and aggregation included.
    public var g2: [Float]
    /// First-order change of each token's own H per unit learning rate, [N]: g1 (S − E_p[S]) − g2 Σ S²
    /// (2602.03392, theorem 3.3). It holds for plain gradient descent on free, tempered logits.
    /// NaN, which is to say unknown, where g2 ≠ 0 and the table has no Σ S².
    public var predictedEntropyChange: [Float]
    /// L.
    public var loss: Double
    public var metrics: [Metric]
}

extension Algorithm {
    /// Evaluates the algorithm on one optimiser mini-batch. Sums are in Double; the result does not depend on the
    /// order of the tokens beyond rounding. An empty table gives empty columns and loss 0.
    ///
    /// Metrics: `loss`; `ratio_mean`, `ratio_max`; `ratio_clip_high`, `ratio_clip_low`, `ratio_clip_dual` (fractions of
    /// all tokens); `reference_kl_k3` (KL(policy‖reference), where there is a reference); `proximal_kl_k1`, `proximal_kl_k3` (estimates of KL(proximal‖policy));
    /// `predicted_entropy_change` and `predicted_entropy_change_without_rules` (per unit learning rate, mean over all
    /// tokens); the flows of `EntropyFlows`; then each shaping's and each rule's own.
    public func coefficients(for given: TokenTable) -> TokenCoefficients {
        let (tokens, shapingMetrics) = shaped(given)
        let count = tokens.count
        let unit = [Float](repeating: 1, count: count)
        let plainScale = aggregation.exactScales(for: tokens, weights: unit)
        let terms = terms(for: tokens)
        var flows = EntropyFlows(tokens, plain: zip(plainScale, terms).map { $0 * $1.entropyChange })
        var weight = unit
        var ruleMetrics: [Metric] = []
        for rule in rules {
            let own = rule.weights(for: tokens)
            precondition(own.count == count, "the rule \(rule.name) gave \(own.count) weights for \(count) tokens")
            ruleMetrics += rule.metrics(for: tokens, weights: own).map { Metric("\(rule.name)/\($0.name)", $0.value) }
            ruleMetrics += flows.removed(by: rule.name, before: weight, weights: own)
            for token in 0..<count { weight[token] *= own[token] }
        }
        let scale = aggregation.exactScales(for: tokens, weights: weight)

        var result = TokenCoefficients(
            weight: weight, g1: [], g2: [], predictedEntropyChange: [], loss: 0, metrics: [])
        result.g1.reserveCapacity(count)
        result.g2.reserveCapacity(count)
        result.predictedEntropyChange.reserveCapacity(count)
        var totals = Totals()
        for token in 0..<count {
            let term = terms[token]
            let factor = Double(weight[token]) * scale[token]
            // A dropped token is left out, not multiplied: 0 times an unknown would be unknown.
            let change = factor == 0 ? 0 : factor * term.entropyChange
            result.loss += factor * term.loss
            result.g1.append(Float(factor * term.g1))
            result.g2.append(Float(factor * term.g2))
            result.predictedEntropyChange.append(Float(change))
            totals.count(
                term.clipSide, Double(tokens.policyLogprob[token]), Double(tokens.proximalLogprob[token]))
            if let reference = tokens.referenceLogprob {
                totals.count(reference: Double(reference[token]), policy: Double(tokens.policyLogprob[token]))
            }
            totals.change += change
            totals.plainChange += plainScale[token] * term.entropyChange
            flows.count(token, change: change, clipped: term.clipped * plainScale[token])
        }
        result.metrics =
            [Metric("loss", result.loss)] + totals.metrics(count) + flows.metrics + shapingMetrics + ruleMetrics
        return result
    }

    /// Every token's loss and derivatives before weight and aggregation.
    private func terms(for tokens: TokenTable) -> [TokenTerm] {
        let surrogates = surrogate.terms(for: tokens)
        var terms = surrogates.map { TokenTerm(loss: $0.loss, g1: $0.dLogprob, clipSide: $0.clipSide) }
        for regulariser in regularisers {
            for (token, term) in regulariser.terms(for: tokens).enumerated() {
                terms[token].loss += term.loss
                terms[token].g1 += term.dLogprob
                terms[token].g2 += term.dEntropy
            }
        }
        for token in terms.indices {
            let (g1, g2) = (terms[token].g1, terms[token].g2)
            let squared = g2 == 0 ? 0 : tokens.squaredDiscriminant.map { Double($0[token]) } ?? .nan
            let (s, expected) = (Double(tokens.discriminant[token]), Double(tokens.expectedDiscriminant[token]))
            terms[token].entropyChange = predictedEntropyChange(
                g1: g1, g2: g2, discriminant: s, expectedDiscriminant: expected, squaredDiscriminant: squared)
            guard terms[token].clipSide != .none else { continue }
            let ratio = probabilityRatio(Double(tokens.policyLogprob[token]), Double(tokens.proximalLogprob[token]))
            let lost = -ratio * Double(tokens.advantage[token]) - surrogates[token].dLogprob
            terms[token].clipped = lost * (s - expected)
        }
        return terms
    }
}

/// One token before weight and aggregation.
private struct TokenTerm {
    var loss: Double
    var g1: Double
    var g2 = 0.0
    var clipSide: ClipSide
    /// First-order change of its own H per unit learning rate, nats.
    var entropyChange = 0.0
    /// What that would be of −r A alone, less what the clip left of it; 0 where nothing was clipped.
    var clipped = 0.0

    init(loss: Double, g1: Double, clipSide: ClipSide) {
        self.loss = loss
        self.g1 = g1
        self.clipSide = clipSide
    }
}

/// Running sums behind the metrics.
private struct Totals {
    var change = 0.0
    var plainChange = 0.0
    private var ratio = 0.0
    private var largestRatio = 0.0
    private var k1 = 0.0
    private var k3 = 0.0
    private var referenceK3: Double?
    private var clipped: (low: Double, high: Double, dual: Double) = (0, 0, 0)

    mutating func count(_ side: ClipSide, _ policy: Double, _ proximal: Double) {
        let r = probabilityRatio(policy, proximal)
        ratio += r
        largestRatio = max(largestRatio, r)
        k1 += proximal - policy
        k3 += r - 1 - (policy - proximal)
        switch side {
        case .none: break
        case .low: clipped.low += 1
        case .high: clipped.high += 1
        case .dual: clipped.dual += 1
        }
    }

    /// KL(policy‖reference) by the k3 estimator, on tokens that the policy is taken to have drawn.
    mutating func count(reference: Double, policy: Double) {
        referenceK3 = (referenceK3 ?? 0) + probabilityRatio(reference, policy) - 1 - (reference - policy)
    }

    func metrics(_ count: Int) -> [Metric] {
        let n = Double(max(count, 1))
        let reference = referenceK3.map { [Metric("reference_kl_k3", $0 / n)] } ?? []
        return reference + [
            Metric("ratio_mean", ratio / n), Metric("ratio_max", largestRatio),
            Metric("ratio_clip_high", clipped.high / n), Metric("ratio_clip_low", clipped.low / n),
            Metric("ratio_clip_dual", clipped.dual / n),
            Metric("proximal_kl_k1", k1 / n), Metric("proximal_kl_k3", k3 / n),
            Metric("predicted_entropy_change", change / n),
            Metric("predicted_entropy_change_without_rules", plainChange / n),
        ]
    }
}
