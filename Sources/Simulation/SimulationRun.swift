// What a simulated run leaves behind: one record per update, and the policy in expectation after each step.

public import Algorithms

/// One update: what was predicted for entropy, and what happened, on the tokens of its mini-batch.
public struct UpdateRecord: Sendable, Equatable {
    /// From 1.
    public var step: Int
    /// From 1.
    public var update: Int
    /// Mean change of H over the tokens, nats: learning rate times Theorem 3.3 (2602.03392) summed over each row's
    /// tokens. Exact to first order under gradient descent, void under Adam.
    public var predictedToken = 0.0
    /// ∇H · Δz with the optimiser's own displacement, nats.
    public var predictedFirstOrder = 0.0
    /// The same to second order, nats.
    public var predictedSecondOrder = 0.0
    /// The exact mean change of H, nats.
    public var measured = 0.0
    /// Mean S* and mean S* − E[S] over the tokens, nats.
    public var discriminant: Double
    public var centredDiscriminant: Double
    /// What the algorithm reported.
    public var metrics: [Metric]

    init(step: Int, update: Int, tokens: TokenTable, coefficients: TokenCoefficients) {
        self.step = step
        self.update = update
        let count = Double(max(tokens.count, 1))
        discriminant = tokens.discriminant.reduce(0) { $0 + Double($1) } / count
        centredDiscriminant = (0..<tokens.count).reduce(0) { $0 + tokens.centredDiscriminant($1) } / count
        metrics = coefficients.metrics
    }

    /// The algorithm's metric of this name.
    public func metric(_ name: String) -> Double? { metrics.first { $0.name == name }?.value }
}

/// A whole run.
public struct SimulationRun: Sendable {
    public var updates: [UpdateRecord] = []
    /// Expected H per generated token, nats, before the first step and after each: [steps + 1], like the next two.
    public var entropy: [Double] = []
    /// Expected value of a completion.
    public var passRate: [Double] = []
    /// KL(policy ‖ first policy), nats per completion.
    public var divergence: [Double] = []
    /// Expected value of each prompt after the last step.
    public var passRates: [Double] = []

    init(_ simulator: Simulator) { record(simulator) }

    mutating func record(_ simulator: Simulator) {
        let now = simulator.policy.expectations(from: simulator.initial, simulator.task.values)
        entropy.append(now.entropy)
        divergence.append(now.divergence)
        passRates = now.rewards
        passRate.append(passRates.reduce(0, +) / Double(passRates.count))
    }

    /// The last value of a curve.
    public var finalEntropy: Double { entropy.last ?? 0 }
    public var finalPassRate: Double { passRate.last ?? 0 }
}
