// The lens: which tokens an update pushes entropy up with and which down, and what clip and rules took away.

import EntropyDynamics

/// Sums of predicted entropy changes over a mini-batch, split by what the tokens are.
///
/// Every flow is a mean over all N tokens of first-order changes of the tokens' own H, nats per unit learning rate
/// (2602.03392, theorem 3.3): under plain gradient descent on free logits they add up to what happens; under Adam and
/// shared weights they only attribute. Unknown (NaN) as soon as one token's change is.
struct EntropyFlows {
    private let tokens: TokenTable
    /// Each token's change with every weight 1, aggregation included, [N].
    private let plain: [Double]
    private var all = Flow()
    private var positive = Flow()
    private var negative = Flow()
    private var clipped = Flow()
    /// Net change by region E1 to E4 (2602.09782).
    private var regions = [Double](repeating: 0, count: EntropyRegion.allCases.count)

    init(_ tokens: TokenTable, plain: [Double]) {
        self.tokens = tokens
        self.plain = plain
    }

    /// - Parameters:
    ///   - change: of the token as it is trained, weight and aggregation included.
    ///   - clipped: the change that the surrogate's clip took away, aggregation included.
    mutating func count(_ token: Int, change: Double, clipped lost: Double) {
        let advantage = tokens.advantage[token]
        all.add(change)
        if advantage > 0 { positive.add(change) }
        if advantage < 0 { negative.add(change) }
        clipped.add(lost)
        let region = EntropyRegion(
            logprob: Double(tokens.policyLogprob[token]), entropy: Double(tokens.entropy[token]),
            advantage: Double(advantage))
        if let region { regions[region.rawValue - 1] += change }
    }

    /// What a rule's weights, applied after `weight`, take away with every denominator at all tokens:
    /// `<rule>/removed_expanding` and `<rule>/removed_contracting`. Negative where the rule strengthens.
    func removed(by rule: String, before weight: [Float], weights own: [Float]) -> [Metric] {
        var flow = Flow()
        for token in plain.indices where weight[token] != 0 && own[token] != 1 {
            flow.add(Double(weight[token]) * plain[token], share: 1 - Double(own[token]))
        }
        return flow.metrics("\(rule)/removed_", over: tokens.count)
    }

    /// `flow/expanding`, `flow/contracting`; the same `_positive` (A > 0) and `_negative`; `flow/region_e1` to `e4`, net;
    /// `flow/clipped_expanding`, `flow/clipped_contracting`, what the surrogate's clip took away.
    var metrics: [Metric] {
        let count = tokens.count
        let byRegion = EntropyRegion.allCases.map { region in
            Metric("flow/region_e\(region.rawValue)", regions[region.rawValue - 1] / Double(max(count, 1)))
        }
        return all.metrics("flow/", over: count) + positive.metrics("flow/", "_positive", over: count)
            + negative.metrics("flow/", "_negative", over: count) + byRegion
            + clipped.metrics("flow/clipped_", over: count)
    }
}

/// Expanding and contracting changes apart, both as magnitudes.
private struct Flow {
    var expanding = 0.0
    var contracting = 0.0

    /// Adds a share of a change to the side that the change is on.
    mutating func add(_ change: Double, share: Double = 1) {
        if change > 0 {
            expanding += share * change
        } else if change < 0 {
            contracting -= share * change
        } else if change.isNaN {
            (expanding, contracting) = (.nan, .nan)
        }
    }

    func metrics(_ prefix: String, _ suffix: String = "", over count: Int) -> [Metric] {
        let n = Double(max(count, 1))
        return [
            Metric("\(prefix)expanding\(suffix)", expanding / n),
            Metric("\(prefix)contracting\(suffix)", contracting / n),
        ]
    }
}
