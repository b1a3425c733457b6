// Skywork-OR1's adaptive entropy control: GRPO with an entropy bonus whose coefficient walks towards a target entropy.

public import ConfigCoding
public import EntropyDynamics

/// Before each update the coefficient goes up by D while mean H is below the target and down otherwise, and is applied only
/// below it (Skywork-OR1, 2505.22312, primary: its code; the law is `AdaptiveCoefficient`).
///
/// The coefficient weighs −H in the loss of every token. Void as a tracker: D is too slow for a fast collapse, and above
/// the target nothing pushes entropy down.
public struct AdaptiveEntropyBonus: Controller {
    /// Which entropy the coefficient walks by.
    public enum Measure: String, Sendable, CaseIterable {
        /// The mean of H over the vocabulary.
        case exact
        /// −mean log p of the sampled tokens as the sampler recorded them, Skywork-OR1's.
        case sampled
    }

    public let target: Double
    public let measure: Measure
    private var law: AdaptiveCoefficient
    private var applied = 0.0
    private var entropy = Double.nan

    public init(target: Double, measure: Measure, settings: AdaptiveCoefficient.Settings) throws {
        self.target = target
        self.measure = measure
        law = try AdaptiveCoefficient(settings)
    }

    public var name: String { "adaptive_entropy_bonus" }
    public var reads: Signals { [.entropy, .squaredDiscriminant, .sampled] }
    public var state: AdaptiveCoefficient.State { law.state }

    public mutating func restore(_ state: AdaptiveCoefficient.State) throws {
        law = try AdaptiveCoefficient(law.settings, resuming: state)
    }

    public mutating func prepare(_ plan: inout UpdatePlan, for update: PendingUpdate) throws {
        switch measure {
        case .exact: entropy = update.entropy
        case .sampled:
            let logprobs = update.tokens.sampledLogprob
            entropy = -logprobs.reduce(0) { $0 + Double($1) } / Double(max(1, logprobs.count))
        }
        applied = try law.update(entropy: entropy, target: target)
        if applied != 0 { plan.algorithm.regularisers.append(EntropyBonus(coefficient: applied)) }
    }

    /// `coefficient` (of the walk), `applied` (0 while the gate is closed), `entropy` (as measured, nats).
    public var metrics: [Metric] {
        [
            Metric("coefficient", law.state.coefficient), Metric("applied", applied), Metric("entropy", entropy),
        ]
    }
}

public enum Skywork {
    private enum Preset: String, CaseIterable {
        case skywork, trl

        var settings: AdaptiveCoefficient.Settings { self == .skywork ? .init() : .trl }
    }

    /// Reads `preset` (skywork or trl), `target_entropy` (0.2 nats), `entropy` (sampled for skywork, exact for trl),
    /// `initial`, `step`, `coefficient_min`, `coefficient_max`, and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let preset = try section.choice("preset", default: Preset.skywork)
        var settings = preset.settings
        let low = try section.value("coefficient_min", default: settings.range.lowerBound, in: -100.0...100)
        let high = try section.value("coefficient_max", default: settings.range.upperBound, in: low...100)
        settings.range = low...high
        settings.initial = try section.value("initial", default: min(max(settings.initial, low), high), in: low...high)
        settings.step = try section.value("step", default: settings.step, in: 1e-12...100)
        var algorithm = try GRPO.algorithm(from: section, named: "skywork")
        let target = try section.value("target_entropy", default: 0.2, in: 0.0...1e3)
        let measure = try section.choice(
            "entropy", default: preset == .skywork ? AdaptiveEntropyBonus.Measure.sampled : .exact)
        do {
            algorithm.controllers += [
                try AdaptiveEntropyBonus(target: target, measure: measure, settings: settings)
            ]
        } catch {
            throw section.fault(.outOfRange, "step", "makes no controller: \(error)")
        }
        return algorithm
    }
}
