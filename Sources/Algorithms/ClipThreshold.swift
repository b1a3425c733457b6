// The thermostat's Clip_V: the threshold μ whose mask is predicted to give a wanted entropy change, found by one sort.

import EntropyDynamics

/// Sign-aware Clip_V drops tokens with A C > 0 and |C| > μ σ, C = S − E[S]; each of them lowers its own entropy, so the
/// predicted change rises with every token that goes. Sorted by |C|, the prefix sums are the whole curve of change
/// against μ, and the first prefix that reaches what is wanted is the fewest tokens dropped from the outside in.
///
/// It can only raise entropy over what the algorithm does by itself. The token-level prediction is scaled by an online gain,
/// learned against the parameter-space effect of the same gradient (slope 1 to what is measured, without the momentum of
/// earlier updates); until a first pair has been seen nothing is dropped. Under Adam the two correlate weakly: of all
/// actuators this is the coarsest.
struct ClipThreshold: Sendable {
    /// μ in units of σ; ∞ drops nothing.
    private(set) var mu = Double.infinity
    /// Share of all tokens dropped.
    private(set) var share = 0.0
    /// Nats, gain included.
    let wanted: Double
    let predicted: Double
    private(set) var achieved: Double
    private(set) var outcome = SteeringReport.Outcome.saturated

    /// A prediction of any size counts, and Adam may turn it into a thousandth or a million times as much.
    static let gain = FlowGain.Settings(range: 1e-3...1e9, smallestPrediction: 1e-300, priorWeight: 0)

    init(
        _ algorithm: Algorithm, _ tokens: TokenTable, learningRate: Double, gain: FlowGain, wanted: Double,
        largestShare: Double
    ) {
        self.wanted = wanted
        let changes = algorithm.coefficients(for: tokens).predictedEntropyChange
        let unit = gain.gain * learningRate / Double(max(tokens.count, 1))
        predicted = unit * changes.reduce(0) { $0 + Double($1) }
        achieved = predicted
        let centred = (0..<tokens.count).map { tokens.centredDiscriminant($0) }
        let deviation = Moments(centred).deviation
        guard gain.state.information > 0, predicted.isFinite, deviation >= IntervalRule.smallestDeviation else {
            outcome = .noEffect
            return
        }
        guard predicted < wanted else {
            outcome = predicted == wanted ? .met : .saturated
            return
        }
        let order = centred.indices.filter { Double(tokens.advantage[$0]) * centred[$0] > 0 }
            .sorted { abs(centred[$0]) > abs(centred[$1]) }
        let limit = Int(largestShare * Double(tokens.count))
        var dropped = 0
        while achieved < wanted, dropped < order.count {
            // tokens of equal |C| fall together, whatever the bound
            var end = dropped + 1
            while end < order.count, abs(centred[order[end]]) == abs(centred[order[dropped]]) { end += 1 }
            guard end <= limit else { break }
            for token in order[dropped..<end] { achieved -= unit * Double(changes[token]) }
            dropped = end
        }
        outcome = achieved >= wanted ? .met : .saturated
        guard dropped > 0 else { return }
        let next = dropped < order.count ? abs(centred[order[dropped]]) : 0
        mu = (abs(centred[order[dropped - 1]]) + next) / 2 / deviation
        share = Double(dropped) / Double(tokens.count)
    }

    /// Nil where nothing is dropped.
    var rule: IntervalRule? {
        guard mu < .infinity else { return nil }
        var settings = IntervalRule.Settings()
        (settings.muNeg, settings.muPos) = (mu, mu)
        var rule = ClipV.rule(settings)
        rule.name = "thermostat"
        return rule
    }

    func report(pending: Double) -> SteeringReport {
        SteeringReport(
            wanted: wanted, predicted: predicted, achieved: achieved, knob: mu, share: share, pending: pending,
            outcome: outcome)
    }
}
