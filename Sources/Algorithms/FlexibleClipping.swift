// Flexible entropy control: a ratio clip that depends on the token's probability and changes sides over the run.

public import ConfigCoding
public import EntropyDynamics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// L = −min(r A, clip(r, 1 − ε_lo(π), 1 + ε_up(π)) A), ε a line in the token's probability π under the policy being trained,
/// which carries no gradient (2602.09782, primary: the authors' blog). Whether a token is clipped depends on its old
/// probability alone (`ClipBounds`). Void at ratio 1: it needs several updates per rollout batch.
public struct FlexibleSurrogate: TokenSurrogate, Equatable {
    public var bounds: ClipBounds

    public init(bounds: ClipBounds) { self.bounds = bounds }

    public func term(policyLogprob: Double, proximalLogprob: Double, advantage: Double) -> SurrogateTerm {
        let ratio = probabilityRatio(policyLogprob, proximalLogprob)
        let (old, now) = (exp(proximalLogprob), exp(policyLogprob))
        guard bounds.isClipped(ratio: ratio, oldProbability: old, advantage: advantage) else {
            return SurrogateTerm(loss: -ratio * advantage, dLogprob: -ratio * advantage)
        }
        return advantage > 0
            ? SurrogateTerm(loss: -(1 + bounds.upper.width(at: now)) * advantage, dLogprob: 0, clipSide: .high)
            : SurrogateTerm(loss: -(1 - bounds.lower.width(at: now)) * advantage, dLogprob: 0, clipSide: .low)
    }
}

/// Sets the bounds of each update by one of the paper's three schedules.
public struct FlexibleClipSchedule: Controller {
    public enum Shape: String, Sendable, CaseIterable {
        case increaseDecrease = "increase_decrease"
        case decreaseIncreaseDecrease = "decrease_increase_decrease"
        /// Raises entropy from a floor on until it passes a falling ceiling, then lowers it, and so on.
        case oscillatoryDecay = "oscillatory_decay"
    }

    /// Read by `oscillatory_decay` alone; the other schedules are functions of the update.
    public struct State: Sendable, Codable, Equatable {
        /// H_init, nats.
        public var initialEntropy: Double?
        /// The moving average of H that the thresholds see, nats.
        public var average: Double?
        public var isRaising: Bool
    }

    public let shape: Shape
    public let clip: FlexibleClip
    /// H_min / H_init.
    public let floor: Double
    /// Weight of the past in the moving average of H; 0 is none.
    public let smoothing: Double
    public private(set) var state: State
    private var bounds: ClipBounds?

    public init(shape: Shape, clip: FlexibleClip, floor: Double, smoothing: Double, initialEntropy: Double?) {
        self.shape = shape
        self.clip = clip
        self.floor = floor
        self.smoothing = smoothing
        state = State(initialEntropy: initialEntropy, average: nil, isRaising: true)
    }

    public var name: String { "flexible_clip" }
    public var reads: Signals { [.logprob, .proximal] }

    public mutating func restore(_ state: State) throws { self.state = state }

    public mutating func prepare(_ plan: inout UpdatePlan, for update: PendingUpdate) throws {
        let bounds = try bounds(update)
        self.bounds = bounds
        plan.algorithm.surrogate = FlexibleSurrogate(bounds: bounds)
    }

    private mutating func bounds(_ update: PendingUpdate) throws -> ClipBounds {
        switch shape {
        case .increaseDecrease: return try clip.increaseThenDecrease(step: update.index, of: update.total)
        case .decreaseIncreaseDecrease: return try clip.decreaseIncreaseDecrease(step: update.index, of: update.total)
        case .oscillatoryDecay:
            let initial = state.initialEntropy ?? update.entropy
            let average = (state.average ?? update.entropy) * smoothing + update.entropy * (1 - smoothing)
            var law = try OscillatoryDecayClip(
                clip, initialEntropy: initial, totalSteps: update.total, floor: floor,
                resuming: OscillatoryDecayClip.State(isRaising: state.isRaising))
            let bounds = try law.update(entropy: average, step: update.index)
            state = State(initialEntropy: initial, average: average, isRaising: law.state.isRaising)
            return bounds
        }
    }

    /// `upper_slope`, `upper_intercept`, `lower_slope`, `lower_intercept`; for `oscillatory_decay` also `is_raising`.
    public var metrics: [Metric] {
        let values = [
            Metric("upper_slope", bounds?.upper.slope ?? .nan),
            Metric("upper_intercept", bounds?.upper.intercept ?? .nan),
            Metric("lower_slope", bounds?.lower.slope ?? .nan),
            Metric("lower_intercept", bounds?.lower.intercept ?? .nan),
        ]
        return shape == .oscillatoryDecay ? values + [Metric("is_raising", state.isRaising ? 1 : 0)] : values
    }
}

public enum FlexibleClipping {
    /// Reads `schedule` (increase_decrease), `upper_slope` (−0.25), `upper_intercept` (0.5), `lower_slope` (−0.13),
    /// `lower_intercept` (0.3), `standard` (0.2), `second_phase` (decaying), for `oscillatory_decay` also `floor` (0.2),
    /// `smoothing` (0.8, ours) and `initial_entropy` (nats; measured at the first update if absent), and GRPO's keys but
    /// its clip bounds.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let shape = try section.choice("schedule", default: FlexibleClipSchedule.Shape.increaseDecrease)
        func line(_ side: String, _ slope: Double, _ intercept: Double) throws -> ClipBound {
            ClipBound(
                slope: try section.value("\(side)_slope", default: slope, in: -10.0...10),
                intercept: try section.value("\(side)_intercept", default: intercept, in: 0.0...10))
        }
        let upper = try line("upper", -0.25, 0.5)
        let lower = try line("lower", -0.13, 0.3)
        let standard = try section.value("standard", default: 0.2, in: 0.0...1)
        let phase = try section.choice("second_phase", default: FlexibleClip.SecondPhase.decaying)
        let clip: FlexibleClip
        do {
            clip = try FlexibleClip(upper: upper, lower: lower, standard: standard, secondPhase: phase)
        } catch {
            throw section.fault(.outOfRange, "upper_slope", "and the other bounds make no clip: \(error)")
        }
        var (floor, smoothing, initial): (Double, Double, Double?) = (0.2, 0.8, nil)
        if shape == .oscillatoryDecay {
            floor = try section.value("floor", default: floor, in: 0.0...1)
            smoothing = try section.value("smoothing", default: smoothing, in: 0...0.9999)
            initial = try section.optional("initial_entropy", as: Double.self, in: 1e-9...1e3)
        }
        var algorithm = try GRPO.algorithm(
            from: section, named: "flexible_clip",
            surrogate: FlexibleSurrogate(bounds: ClipBounds(upper: upper, lower: lower)))
        algorithm.controllers += [
            FlexibleClipSchedule(
                shape: shape, clip: clip, floor: floor, smoothing: smoothing, initialEntropy: initial)
        ]
        return algorithm
    }
}
