// The thermostat: entropy held on a target by predictive control, beside any algorithm.

public import ConfigCoding
public import EntropyDynamics

/// wanted = H*(k + 1) − H*(k) + (H*(k) − H_k) / horizon + I, clamped, and an actuator that is predicted to give it (ours).
///
/// The prediction is the parameter-space one, ∇θH̄ on the optimiser's own terms, which tracks what is measured; the
/// token-level prediction does not under Adam. A correction of the step acts at once. An actuator that changes the
/// gradient acts through Adam's first moment, 1 − β₁ of it now and the rest over β₁ / (1 − β₁) updates, so it is aimed at
/// the target that many updates ahead, by the whole effect of the gradient, less what earlier gradients still have
/// pending. Void where a step is too long for first order; the feedback then sees the error one update later.
public struct Thermostat: Controller {
    /// All that must survive a restart.
    public struct State: Codable, Sendable, Equatable {
        /// Mean H over the first updates, nats: the unit of relative targets.
        public var initialEntropy: Double
        /// How many updates that is the mean of.
        public var baselineUpdates: Int
        public var feedback: FeedbackController.State
        /// `clip_v`: what momentum was left with after the last update, nats.
        public var pending: Double
        /// `clip_v`: measured over token-level prediction.
        public var gain: FlowGain.State
    }

    public let settings: ThermostatSettings
    public private(set) var state: State
    /// The update in progress, and after `observe` the report on it.
    private var current = Current()

    public var name: String { "thermostat" }
    public var steersSteps: Bool { true }

    /// - Throws: `ConfigError` for settings that are out of range.
    public init(from section: ConfigSection) throws {
        try self.init(try ThermostatSettings(from: section))
    }

    /// - Throws: `EntropyDynamicsError` for a feedback law that is not defined.
    public init(_ settings: ThermostatSettings) throws {
        self.settings = settings
        state = State(
            initialEntropy: 0, baselineUpdates: 0, feedback: try FeedbackController(settings.feedback).state,
            pending: 0,
            gain: try FlowGain(ClipThreshold.gain).state)
    }

    public mutating func restore(_ state: State) throws {
        _ = try FeedbackController(settings.feedback, resuming: state.feedback)
        _ = try FlowGain(ClipThreshold.gain, resuming: state.gain)
        self.state = state
    }

    public mutating func prepare(_ plan: inout UpdatePlan, for update: PendingUpdate) throws {
        if state.baselineUpdates < settings.target.baselineUpdates {
            state.baselineUpdates += 1
            state.initialEntropy += (update.entropy - state.initialEntropy) / Double(state.baselineUpdates)
        }
        current = Current(feedbackBefore: state.feedback, memory: update.momentumMemory)
        let target = try settings.target.curve(initial: state.initialEntropy, total: update.total)
        guard let aim = target.value(at: update.index) else { return }
        current.target = aim
        current.error = update.entropy - aim
        let ahead = settings.actuator == .projectedUpdate ? 0 : Int(update.momentumMemory.rounded())
        let goal = target.value(at: update.index + ahead) ?? aim
        let next = target.value(at: update.index + ahead + 1) ?? goal
        var feedback = try FeedbackController(settings.feedback, resuming: state.feedback)
        let wanted = try feedback.update(target: goal, measured: update.entropy, feedForward: next - goal)
        state.feedback = feedback.state
        let isDryRun = settings.mode == .report
        let steering = Steering(
            actuator: settings.steering, wanted: wanted.unlimited, horizon: settings.horizon,
            rateLimit: settings.rateLimit, isDryRun: isDryRun)
        plan.steering = steering
        if settings.actuator == .clipV {
            let gain = try FlowGain(ClipThreshold.gain, resuming: state.gain)
            let threshold = ClipThreshold(
                plan.algorithm, update.tokens, learningRate: update.learningRate, gain: gain,
                wanted: steering.wanted(pending: state.pending), largestShare: settings.largestDrop)
            current.threshold = threshold
            if !isDryRun, let rule = threshold.rule { plan.algorithm.rules.append(rule) }
        }
    }

    public mutating func observe(_ outcome: UpdateOutcome) throws {
        guard current.target.isFinite else { return }
        guard !outcome.isRefused, let steered = outcome.steering else {
            state.feedback = current.feedbackBefore ?? state.feedback
            return
        }
        let report = current.threshold.map { $0.report(pending: state.pending) } ?? steered
        current.report = report
        if report.outcome == .saturated, let before = current.feedbackBefore {
            // What the actuator cannot give is not wanted twice: the integral stays where a larger one would push on.
            let increment = state.feedback.integral - before.integral
            if increment * (report.wanted - report.achieved) > 0 { state.feedback.integral = before.integral }
        }
        guard current.threshold != nil else { return }
        var gain = try FlowGain(ClipThreshold.gain, resuming: state.gain)
        gain.learn(predicted: outcome.tokenPrediction, measured: steered.predicted)
        state.gain = gain.state
        let decay = current.memory / (1 + current.memory)
        let pending = decay * (steered.pending + steered.predicted)
        if pending.isFinite { state.pending = pending }
    }

    /// `target`, `error` (H − target), `wanted`, `predicted` without and `achieved` with the actuator, `knob`, `share`,
    /// `pending`, `integral`, `saturated`, and for `clip_v` the `gain`; NaN once the target is released.
    public var metrics: [Metric] {
        let report = current.report
        let isSaturated = report.map { $0.outcome == .met ? 0 : 1.0 } ?? .nan
        return [
            Metric("target", current.target), Metric("error", current.error), Metric("wanted", report?.wanted ?? .nan),
            Metric("predicted", report?.predicted ?? .nan), Metric("achieved", report?.achieved ?? .nan),
            Metric("knob", report?.knob ?? .nan), Metric("share", report?.share ?? .nan),
            Metric("pending", report?.pending ?? .nan), Metric("integral", state.feedback.integral),
            Metric("saturated", isSaturated),
        ] + (settings.actuator == .clipV ? [Metric("gain", state.gain.gain)] : [])
    }

    private struct Current: Sendable {
        var feedbackBefore: FeedbackController.State?
        var memory = 0.0
        var target = Double.nan
        var error = Double.nan
        var threshold: ClipThreshold?
        var report: SteeringReport?
    }
}
