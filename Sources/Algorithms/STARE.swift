// STARE: rare tokens weigh more while the batch's entropy is below a target.

public import ConfigCoding
public import EntropyDynamics

/// While mean H < `target`, the rarest share of the tokens with A > 0 weighs `positive`, and of those with A < 0
/// `negative` (2606.19236, primary: its code; the gate and the ranking are `GatedWeights`).
///
/// The mean and the ranking are over the mini-batch; the published code ranks inside each micro-batch. The variant that
/// adapts its weights from step to step is not this one.
public struct RareTokenRule: TokenRule, Equatable {
    public var target: Double
    public var settings: GatedWeights.Settings

    public var name: String { "stare" }
    public var reads: Signals { [.logprob, .entropy] }

    public func weights(for tokens: TokenTable) -> [Float] {
        // The settings were checked when they were read; what could fail here is a table without tokens.
        guard let gate = try? gate(tokens),
            let weights = try? gate.weights(
                logprobs: tokens.policyLogprob.map { Double($0) }, advantages: tokens.advantage.map { Double($0) })
        else { return [Float](repeating: 1, count: tokens.count) }
        return weights.map { Float($0) }
    }

    /// `is_open` (1 or 0) and `reweighted`, the share of tokens with another weight than 1.
    public func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric] {
        [
            Metric("is_open", (try? gate(tokens))?.state.isOpen == true ? 1 : 0),
            Metric("reweighted", Double(weights.count { $0 != 1 }) / Double(max(tokens.count, 1))),
        ]
    }

    private func gate(_ tokens: TokenTable) throws -> GatedWeights {
        var gate = try GatedWeights(settings)
        let mean = tokens.entropy.reduce(0) { $0 + Double($1) } / Double(max(tokens.count, 1))
        try gate.update(entropy: mean, target: target)
        return gate
    }
}

public enum STARE {
    /// Reads `target_entropy` (0.3 nats), `positive` (1.1), `negative` (1: left alone), `share` (0.1) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let settings = GatedWeights.Settings(
            positiveWeight: try section.value("positive", default: 1.1, in: 1...Double.infinity),
            negativeWeight: try section.value("negative", default: 1, in: 0.0...1),
            fraction: try section.value("share", default: 0.1, in: 0.0...1))
        return try GRPO.algorithm(
            from: section, named: "stare",
            rules: [
                RareTokenRule(
                    target: try section.value("target_entropy", default: 0.3, in: 0...Double.infinity),
                    settings: settings)
            ])
    }
}
