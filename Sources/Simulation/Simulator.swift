// The tabular twin of the trainer: the same algorithm values, on a policy where every claim can be computed exactly.

public import Algorithms
import EntropyDynamics

/// Trains a table policy, one step after another.
public struct Simulator: Sendable {
    public let task: TableTask
    public let settings: SimulationSettings
    /// Its controllers move from update to update.
    public private(set) var algorithm: Algorithm
    public private(set) var policy: TablePolicy
    /// The policy before the first step.
    public let initial: TablePolicy
    /// Steps done.
    public private(set) var steps = 0
    private var updates = 0
    private var optimiser: TableOptimiser
    private var statistics: [RowStatistics?]

    /// - Throws: `SimulationError` for settings that fit neither the task nor the algorithm.
    public init(_ task: TableTask, _ algorithm: Algorithm, _ settings: SimulationSettings = .init()) throws {
        try settings.check(prompts: task.prompts)
        self.task = task
        self.settings = settings
        self.algorithm = algorithm
        policy = try TablePolicy(
            prompts: task.prompts, tree: task.tree, temperature: settings.temperature, logits: task.logits)
        initial = policy
        optimiser = TableOptimiser(settings.optimiser, count: task.logits.count)
        statistics = [RowStatistics?](repeating: nil, count: policy.rows.count)
        if settings.actions == .expected { try checkExpected() }
    }

    /// One step: completions, rewards, advantages, and `updatesPerStep` updates.
    ///
    /// - Parameter observe: sees every mini-batch as the algorithm saw it, before its update.
    /// - Throws: `EntropyDynamicsError` if the policy diverged.
    @discardableResult
    public mutating func step(observe: ((TokenTable, TokenCoefficients) -> Void)? = nil) throws -> [UpdateRecord] {
        steps += 1
        let batch = settings.actions == .sampled ? try sampled() : expected()
        return try (0..<settings.updatesPerStep).map { part in
            try update(
                on: batch.part(part, of: settings.updatesPerStep, completions: settings.completionsPerPrompt), observe)
        }
    }

    /// All steps, with the policy's entropy, pass rate and divergence after each.
    public mutating func run() throws -> SimulationRun {
        var run = SimulationRun(self)
        while steps < settings.steps {
            run.updates += try step()
            run.record(self)
        }
        return run
    }

    private mutating func update(
        on batch: TableBatch, _ observe: ((TokenTable, TokenCoefficients) -> Void)?
    ) throws -> UpdateRecord {
        for row in batch.row where statistics[row] == nil { statistics[row] = RowStatistics(policy.rows[row]) }
        let table = try batch.table(statistics.map { $0 ?? RowStatistics() }, policy.rows, update: updates)
        try algorithm.check(table)
        // The mini-batch mean divides by all tokens, the table's step by the completions of one prompt.
        let share = batch.weight.reduce(0, +)
        let entropy = batch.row.indices.reduce(0) { $0 + batch.weight[$1] * policy.rows[batch.row[$1]].entropy } / share
        let plan = try algorithm.plan(
            for: PendingUpdate(
                index: updates, total: settings.steps * settings.updatesPerStep, tokens: table, entropy: entropy,
                learningRate: settings.learningRate, momentumMemory: optimiser.momentumMemory))
        let coefficients = plan.algorithm.coefficients(for: table)
        observe?(table, coefficients)

        let scale =
            settings.actions == .expected
            ? Double(batch.count) : share / Double(settings.completionsPerPrompt / settings.updatesPerStep)
        let effect = RowEffects(policy, batch, coefficients, scale: scale)
        let now = policy
        let (displacement, steered) = optimiser.steered(
            gradient: effect.gradient(now), learningRate: settings.learningRate, steering: plan.steering,
            bonusScale: scale, direction: { effect.entropyGradient(now) },
            flows: { RowEffects(now, batch, coefficients.flows(in: table), scale: scale).gradient(now) })
        updates += 1
        var record = UpdateRecord(step: steps, update: updates, tokens: table, coefficients: coefficients)
        let width = policy.tree.vocabulary
        for row in policy.rows.indices {
            let move = Array(displacement[row * width..<(row + 1) * width])
            guard move.contains(where: { $0 != 0 }) else { continue }
            if effect.weight[row] > 0 {
                let change = try LogitDisplacement(policy.rows[row], along: move)
                let weight = effect.weight[row] / share
                record.predictedToken += weight * settings.learningRate * effect.predicted[row]
                record.predictedFirstOrder += weight * change.firstOrder(1)
                record.predictedSecondOrder += weight * change.secondOrder(1)
                record.measured += weight * change.exact(1)
            }
            try policy.move(row, by: move)
            statistics[row] = nil
        }
        try algorithm.observe(
            UpdateOutcome(
                tokenPrediction: settings.learningRate
                    * coefficients.predictedEntropyChange.reduce(0) { $0 + Double($1) }
                    / Double(max(1, table.count)), parameterPrediction: record.predictedFirstOrder,
                measuredChange: record.measured, steering: steered))
        record.metrics += algorithm.controllerMetrics
        return record
    }
}
