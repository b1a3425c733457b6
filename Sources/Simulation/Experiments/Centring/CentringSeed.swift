// One seed of the centring experiment: a policy, three samplers, their batches, and a run.

import Algorithms
import EntropyDynamics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Who drew the tokens.
enum CentringSampler: Int {
    case policy
    /// The policy at temperature 0.8.
    case sharper
    /// The policy of 20 steps before.
    case stale
}

/// What is averaged over a batch; r = p / q.
enum CentringSignal: Int {
    case discriminant
    case centred
    case weighted
    /// Weighted by r held within 0.8 … 1.2.
    case clipped
}

struct CentringSeed: Sendable {
    /// Of the largest batch, from one token per context.
    static let doublings = 14
    /// What the tokens of each context are drawn from, by `CentringSampler`.
    private let samplers: [[Categorical]]
    /// The numbers of each token by `CentringSignal`, for each sampler, [samplers][contexts · V], nats.
    private let values: [[SIMD4<Double>]]
    /// By `CentringSampler`.
    let means: [BatchMeans]
    /// Batch means of a whole run, [steps], nats.
    private(set) var runDiscriminant: [Double] = []
    private(set) var runCentred: [Double] = []
    /// `runCentred` in units of its standard error under on-policy sampling, [steps].
    private(set) var runScores: [Double] = []

    init(seed: UInt64) throws {
        let task = try TableTask.random(seed: seed)
        let settings = SimulationSettings().with { $0.seed = seed }
        var simulator = try Simulator(task, catalogueAlgorithm("name: grpo"), settings)
        var current = simulator.policy
        while simulator.steps < settings.steps {
            var variance = 0.0
            let updates = try simulator.step { tokens, _ in
                // The variance of a mean of independent tokens.
                variance = (tokens.varianceDiscriminant ?? []).reduce(0) { $0 + Double($1) }
                variance /= Double(tokens.count * tokens.count)
            }
            runDiscriminant += updates.map(\.discriminant)
            runCentred += updates.map(\.centredDiscriminant)
            runScores += updates.map { $0.centredDiscriminant / variance.squareRoot() }
            if simulator.steps == 20 { current = simulator.policy }
        }
        let sharper = try TablePolicy(
            prompts: task.prompts, tree: task.tree, temperature: 0.8, logits: current.logits)
        samplers = [current.rows, sharper.rows, simulator.initial.rows]
        values = samplers.map { Self.values(current.rows, drawnFrom: $0) }
        means = zip(samplers, values).map { sampler, values in
            BatchMeans(
                sampler, values, smallest: 200 << (CentringCheck.sizes - 1), doublings: Self.doublings, seed: seed)
        }
    }

    private static func values(_ policy: [Categorical], drawnFrom sampler: [Categorical]) -> [SIMD4<Double>] {
        zip(policy, sampler).flatMap { p, q in
            p.probabilities.indices.map { token in
                let c = p.centredDiscriminant(of: token)
                let ratio = exp(p.logProbabilities[token] - q.logProbabilities[token])
                return SIMD4(p.discriminant(of: token), c, ratio * c, min(max(ratio, 0.8), 1.2) * c)
            }
        }
    }

    /// The exact mean and variance of a signal for one token of a context drawn evenly, the variance within contexts
    /// only, because every batch has equally many tokens of each; nats.
    func exact(_ sampler: CentringSampler, _ signal: CentringSignal) -> (mean: Double, variance: Double) {
        let (rows, values) = (samplers[sampler.rawValue], values[sampler.rawValue])
        var (total, square) = (0.0, 0.0)
        for (index, row) in rows.enumerated() {
            let start = index * row.vocabulary
            let mean = row.mean { values[start + $0][signal.rawValue] }
            total += mean
            square += row.mean {
                let deviation = values[start + $0][signal.rawValue] - mean
                return deviation * deviation
            }
        }
        return (total / Double(rows.count), square / Double(rows.count))
    }

    /// Root mean square of the batch mean for each size of batch, nats.
    func spread(_ sampler: CentringSampler, _ signal: CentringSignal) -> [Double] {
        means[sampler.rawValue].meanSquares.map { $0[signal.rawValue].squareRoot() }
    }

    /// The same for the sizes in the figure only.
    func figureSpread(_ sampler: CentringSampler, _ signal: CentringSignal) -> [Double] {
        Array(spread(sampler, signal).prefix(CentringCheck.sizes))
    }

    /// Tokens per batch of the sizes in the figure.
    var sizes: [Double] { means[0].tokens.prefix(CentringCheck.sizes).map(Double.init) }
}
