// `thermostat:` of a configuration: what is to be held, by which actuator, how fast.

public import ConfigCoding
import EntropyDynamics

/// What a thermostat acts on.
public enum ThermostatActuator: String, Sendable, Equatable, CaseIterable {
    /// The optimiser's step, by the smallest correction.
    case projectedUpdate = "projected_update"
    /// The weights of tokens that raise and that lower entropy.
    case flowScaling = "flow_scaling"
    /// The threshold μ of a sign-aware Clip_V.
    case clipV = "clip_v"
    /// An entropy bonus over all tokens.
    case entropyCoefficient = "entropy_coefficient"
}

public struct ThermostatSettings: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        case hold
        /// Says what it would do and changes nothing.
        case report
    }

    public var mode: Mode
    public var actuator: ThermostatActuator
    public var target: EntropyTargetSettings
    /// Updates in which a gap is to be closed. The entropy of a mini-batch is that of the policy plus the luck of its prompts;
    /// of that luck 1 / horizon is put into the step.
    public var horizon: Double
    /// The largest change wanted of one update, nats.
    public var rateLimit: Double
    /// Share of each update's gap that is kept and wanted again at every later one: it takes out what the prediction leaves
    /// behind on average, such as the change of which prefixes the policy visits.
    public var integralGain: Double
    /// `projected_update`: the longest correction in units of the step.
    public var cap = 1.0
    /// `flow_scaling`: the largest |λ|.
    public var scaleLimit = 0.5
    /// `entropy_coefficient`: bounds of the coefficient.
    public var coefficients = -0.1...0.1
    /// `clip_v`: the largest share of tokens it may drop.
    public var largestDrop = 0.1

    /// How much of a change on an update's own tokens other tokens were seen to share where corrections make most of the step
    /// (docs/thermostat.md). With it as the gain of the plant, the default integral gain puts both poles of the loop in one place.
    private static let reach = 0.25

    /// Reads `mode` (hold), `actuator` (projected_update), `target`, `horizon` (4), `rate_limit` (0.02 nats),
    /// `integral_gain` ((1 − √(1 − 0.25 / horizon))² / 0.25) and what the actuator needs: `cap` (1), `scale_limit` (0.5), `coefficient_min` and
    /// `coefficient_max` (∓0.1), `max_dropped` (0.1).
    /// - Throws: `ConfigError`, also for a key of another actuator.
    public init(from section: ConfigSection) throws {
        mode = try section.choice("mode", default: .hold)
        actuator = try section.choice("actuator", default: .projectedUpdate)
        target = try EntropyTargetSettings(from: try section.section("target"))
        horizon = try section.value("horizon", default: 4, in: 1.0...1e6)
        rateLimit = try section.value("rate_limit", default: 0.02, in: 1e-9...1e3)
        let reach = Self.reach
        let balanced = 1 - (1 - reach / horizon).squareRoot()
        integralGain = try section.value("integral_gain", default: balanced * balanced / reach, in: 0.0...1)
        switch actuator {
        case .projectedUpdate: cap = try section.value("cap", default: cap, in: 1e-9...Double.infinity)
        case .flowScaling: scaleLimit = try section.value("scale_limit", default: scaleLimit, in: 0...0.99)
        case .clipV: largestDrop = try section.value("max_dropped", default: largestDrop, in: 0...1)
        case .entropyCoefficient:
            let low = try section.value("coefficient_min", default: coefficients.lowerBound, in: -100...0)
            let high = try section.value("coefficient_max", default: coefficients.upperBound, in: 0...100)
            coefficients = low...high
        }
    }

    /// The law from gap to wanted change: proportional gain 1 / horizon.
    var feedback: FeedbackController.Settings {
        FeedbackController.Settings(
            proportionalGain: 1 / horizon, integralGain: integralGain, outputRange: -rateLimit...rateLimit)
    }

    var steering: Steering.Actuator {
        switch actuator {
        case .projectedUpdate: .projectedUpdate(cap: cap)
        case .flowScaling: .flowScaling(limit: scaleLimit)
        case .clipV: .rule
        case .entropyCoefficient: .entropyCoefficient(range: coefficients)
        }
    }
}
