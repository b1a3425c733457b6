// Positive-advantage reweighting: the loss of tokens with A > 0 weighs λ in [0, 1], constant or by one of three schedules.

public import ConfigCoding
public import EntropyDynamics

/// Weight λ on tokens with A > 0 and 1 on the others. λ = 1 is GRPO; λ = 0 trains on failures alone.
public struct PositiveAdvantageRule: TokenRule, Equatable {
    public var weight: Double

    public init(weight: Double) { self.weight = weight }

    public var name: String { "positive_advantage" }
    public var reads: Signals { [] }

    public func weights(for tokens: TokenTable) -> [Float] {
        PositiveAdvantageWeight.weights(weight, advantages: tokens.advantage.map(Double.init)).map { Float($0) }
    }

    public func metrics(for tokens: TokenTable, weights: [Float]) -> [Metric] { [Metric("weight", weight)] }
}

/// Moves λ from update to update (2511.05993, secondary, three summaries that agree; the laws are
/// `PositiveAdvantageWeight`'s).
public struct PositiveAdvantageSchedule: Controller {
    public enum Shape: String, Sendable, CaseIterable {
        /// λ ∓ D while mean H is below or above δ; each step counts for the next update.
        case entropyGuided = "entropy_guided"
        /// 0 in the first half of the run, then linear to 1.
        case stages
        /// (e − 1) / (E − 1) in part e of E equal parts of the run. The paper's parts are passes over its data set.
        case epochs
        /// λ stays as given; no schedule of the paper's.
        case constant
    }

    public let shape: Shape
    /// E.
    public let epochs: Int
    private var law: PositiveAdvantageWeight
    private var applied: Double

    public init(shape: Shape, epochs: Int, settings: PositiveAdvantageWeight.Settings) throws {
        self.shape = shape
        self.epochs = epochs
        law = try PositiveAdvantageWeight(settings)
        applied = law.weight
    }

    public var name: String { "positive_advantage" }
    public var state: PositiveAdvantageWeight.State { law.state }

    public mutating func restore(_ state: PositiveAdvantageWeight.State) throws {
        law = try PositiveAdvantageWeight(law.settings, resuming: state)
    }

    public mutating func prepare(_ plan: inout UpdatePlan, for update: PendingUpdate) throws {
        switch shape {
        case .entropyGuided:
            applied = law.weight
            try law.update(entropy: update.entropy)
        case .stages:
            applied = try PositiveAdvantageWeight.stageBased(step: update.index, of: update.total)
        case .constant:
            applied = law.weight
        case .epochs:
            applied = try PositiveAdvantageWeight.epochwise(
                epoch: 1 + update.index * epochs / max(1, update.total), of: epochs)
        }
        for index in plan.algorithm.rules.indices where plan.algorithm.rules[index] is PositiveAdvantageRule {
            plan.algorithm.rules[index] = PositiveAdvantageRule(weight: applied)
        }
    }

    /// `next`: λ of the next update where entropy guides it.
    public var metrics: [Metric] { [Metric("next", shape == .entropyGuided ? law.weight : .nan)] }
}

public enum PositiveAdvantage {
    /// Reads `schedule` (entropy_guided); for it `threshold` (0.2 nats), `step` (0.05) and `initial` (0), for epochs
    /// `epochs` (10), for constant `weight` (0.5, ours); and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let shape = try section.choice("schedule", default: PositiveAdvantageSchedule.Shape.entropyGuided)
        var settings = PositiveAdvantageWeight.Settings()
        var epochs = 10
        switch shape {
        case .entropyGuided:
            settings.threshold = try section.value("threshold", default: settings.threshold, in: 0.0...1e3)
            settings.step = try section.value("step", default: settings.step, in: 1e-9...1)
            settings.initial = try section.value("initial", default: settings.initial, in: 0.0...1)
        case .constant: settings.initial = try section.value("weight", default: 0.5, in: 0.0...1)
        case .epochs: epochs = try section.value("epochs", default: epochs, in: 2...1_000_000)
        case .stages: break
        }
        var algorithm = try GRPO.algorithm(
            from: section, named: "positive_advantage", rules: [PositiveAdvantageRule(weight: settings.initial)])
        do {
            algorithm.controllers += [
                try PositiveAdvantageSchedule(shape: shape, epochs: epochs, settings: settings)
            ]
        } catch {
            throw section.fault(.outOfRange, "step", "makes no schedule: \(error)")
        }
        return algorithm
    }
}
