// One seed of the step-size experiment: predicted and exact ΔH of the same steps at many sizes, and of whole runs.

import Algorithms
import EntropyDynamics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is done to the first policy.
enum StepKind: Int, CaseIterable {
    /// One logit of one row raised by ε, for every logit in turn.
    case bump
    /// One GRPO update of all rows on the same draws.
    case update
    /// One update of an entropy bonus of coefficient 1 alone.
    case bonus

    var name: String { ["single logit", "GRPO update", "entropy bonus"][rawValue] }
    var title: String { ["A single logit", "A GRPO update", "An entropy bonus"][rawValue] }
    var column: String { ["bump", "update", "bonus"][rawValue] }
}

/// Sizes of ΔH and of its errors at each step size, nats: absolute values of the mean over the update's tokens, for
/// bumps root mean squares over all tokens.
struct StepErrors: Sendable {
    var exact: [Double] = []
    var first: [Double] = []
    var second: [Double] = []

    func relative(_ errors: [Double]) -> [Double] { zip(errors, exact).map { $0 / $1 } }

    /// The smallest step at which an error reaches a tenth of ΔH, between two sizes by a power law; ∞ beyond the
    /// largest.
    func tenth(_ errors: [Double]) -> Double {
        let relative = relative(errors)
        guard let above = relative.firstIndex(where: { $0 >= 0.1 }), above > 0 else { return .infinity }
        let (low, high) = (log(relative[above - 1]), log(relative[above]))
        let (from, to) = (log(StepSizeSeed.sizes[above - 1]), log(StepSizeSeed.sizes[above]))
        return exp(from + (to - from) * (log(0.1) - low) / (high - low))
    }
}

struct StepSizeSeed: Sendable {
    /// 1e-4 … 3.2, four to a decade.
    static let sizes = (0...18).map { pow(10, -4 + Double($0) / 4) }
    /// Up to 0.1: where the slopes are fitted.
    static let fitted = 13

    /// By `StepKind`.
    let errors: [StepErrors]
    /// GRPO under gradient descent at 0.2 and at 1, and under Adam at 0.05.
    let slow, fast, adam: [UpdateRecord]

    init(seed: UInt64) throws {
        let task = try TableTask.random(seed: seed)
        // Without solutions every advantage is 0, and the bonus acts alone.
        let unsolvable = try TableTask.random(solvable: 0, seed: seed)
        let grpo = try catalogueAlgorithm("name: grpo")
        let bonus = try catalogueAlgorithm("name: grpo, entropy_coefficient: 1")
        func simulator(
            _ task: TableTask, _ algorithm: Algorithm, _ rate: Double, _ optimiser: OptimiserKind = .sgd
        ) throws -> Simulator {
            let settings = SimulationSettings().with {
                ($0.seed, $0.learningRate, $0.optimiser) = (seed, rate, optimiser)
            }
            return try Simulator(task, algorithm, settings)
        }
        let first = try simulator(task, grpo, 0)
        errors = [
            Self.bumps(first.policy.rows), try Self.updates { try simulator(task, grpo, $0) },
            try Self.updates { try simulator(unsolvable, bonus, $0) },
        ]
        func updates(_ rate: Double, _ optimiser: OptimiserKind) throws -> [UpdateRecord] {
            var run = try simulator(task, grpo, rate, optimiser)
            return try (0..<run.settings.steps).flatMap { _ in try run.step() }
        }
        (slow, fast) = (try updates(0.2, .sgd), try updates(1, .sgd))
        adam = try updates(0.05, .adam())
    }

    private static func bumps(_ rows: [Categorical]) -> StepErrors {
        let bumps = rows.flatMap { row in row.probabilities.indices.map { row.bump(of: $0) } }
        func size(_ value: (LogitBump) -> Double) -> Double {
            (bumps.reduce(0) { $0 + value($1) * value($1) } / Double(bumps.count)).squareRoot()
        }
        return StepErrors(
            exact: sizes.map { step in size { $0.exact(step) } },
            first: sizes.map { step in size { $0.firstOrder(step) - $0.exact(step) } },
            second: sizes.map { step in size { $0.secondOrder(step) - $0.exact(step) } })
    }

    /// The first update of a fresh simulator at each learning rate: the same draws, hence the same gradient.
    private static func updates(_ simulator: (Double) throws -> Simulator) throws -> StepErrors {
        let records = try sizes.flatMap { rate in
            var fresh = try simulator(rate)
            return try fresh.step()
        }
        return StepErrors(
            exact: records.map(\.measured.magnitude),
            first: records.map { ($0.predictedFirstOrder - $0.measured).magnitude },
            second: records.map { ($0.predictedSecondOrder - $0.measured).magnitude })
    }
}
