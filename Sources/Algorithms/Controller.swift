// The controller slot: a value that the loop steps once per update, that adjusts the algorithm and sees what came of it.

/// One optimiser update that is about to be made.
public struct PendingUpdate: Sendable {
    /// Updates of the run before this one, refused ones included.
    public var index: Int
    /// Updates of the whole run.
    public var total: Int
    /// The mini-batch, at the policy the gradient will be taken at.
    public var tokens: TokenTable
    /// Mean H over its tokens, nats.
    public var entropy: Double
    public var learningRate: Double
    /// β₁ / (1 − β₁), the updates over which a gradient acts after its own; 0 without momentum.
    public var momentumMemory: Double

    public init(
        index: Int, total: Int, tokens: TokenTable, entropy: Double, learningRate: Double, momentumMemory: Double
    ) {
        self.index = index
        self.total = total
        self.tokens = tokens
        self.entropy = entropy
        self.learningRate = learningRate
        self.momentumMemory = momentumMemory
    }
}

/// What an update will be made with: controllers change it, each in turn, and the loop carries it out.
public struct UpdatePlan: Sendable {
    /// The algorithm of this update alone; the next one starts from the configured algorithm again.
    public var algorithm: Algorithm
    /// What the optimiser's step is asked to do to entropy.
    public var steering: Steering?
}

/// What an update turned out to do.
public struct UpdateOutcome: Sendable {
    /// The gradient was not finite and every weight is as it was.
    public var isRefused: Bool
    /// Learning rate times the mean token-level prediction, with the weights the algorithm gave, nats.
    public var tokenPrediction: Double
    /// ∇H̄·Δθ of the optimiser's real step, nats; nil where it was not measured.
    public var parameterPrediction: Double?
    /// The change of mean H on the same tokens, nats; nil where it was not measured.
    public var measuredChange: Double?
    /// What became of the plan's steering.
    public var steering: SteeringReport?

    public init(
        isRefused: Bool = false, tokenPrediction: Double, parameterPrediction: Double? = nil,
        measuredChange: Double? = nil, steering: SteeringReport? = nil
    ) {
        self.isRefused = isRefused
        self.tokenPrediction = tokenPrediction
        self.parameterPrediction = parameterPrediction
        self.measuredChange = measuredChange
        self.steering = steering
    }
}

/// Adjusts clip bounds, coefficients, rules or weights from update to update.
///
/// A controller is a value: equal states and equal inputs give equal plans, so that a resumed run is the run that was
/// never stopped. For every update the loop calls `prepare` once, with the statistics of the whole mini-batch, and then
/// `observe` once.
public protocol Controller: Sendable {
    /// All that must survive a restart.
    associatedtype State: Codable & Sendable

    /// Snake case; the prefix of its metrics.
    var name: String { get }
    /// What the parts it may put into the algorithm read.
    var reads: Signals { get }
    /// Whether it needs ∇θH̄, which the trainer computes only while it measures entropy.
    var steersSteps: Bool { get }
    var state: State { get }
    /// - Throws: `EntropyDynamicsError` for a state its law is not defined for.
    mutating func restore(_ state: State) throws
    /// Adjusts the plan of one update.
    /// - Throws: `EntropyDynamicsError` on a measurement that is not a number.
    mutating func prepare(_ plan: inout UpdatePlan, for update: PendingUpdate) throws
    mutating func observe(_ outcome: UpdateOutcome) throws
    /// The credit that the next step's completions get, as this controller adjusts the configured one.
    func adjusted(_ credit: any Credit) -> any Credit
    /// Of the last update, without the controller's prefix; NaN where there is nothing to say.
    var metrics: [Metric] { get }
}

extension Controller {
    public var reads: Signals { [] }
    public var steersSteps: Bool { false }
    public mutating func observe(_ outcome: UpdateOutcome) throws {}
    public func adjusted(_ credit: any Credit) -> any Credit { credit }
}
