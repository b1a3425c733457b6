// Experiment: what the bounds of the ratio clip do to entropy, under an informative and under a random reward.

import Algorithms
import Plots

/// Clip-higher, -lower, -tighter and -free beside the symmetric clip, and each bound alone.
///
/// To first order a clipped token spares entropy the change −η r A (S − E[S]) (2602.03392, theorem 3.3), so a bound
/// lowers entropy where it meets tokens of A > 0 below the break-even probability, and raises it where they are above;
/// `RatioClip` counts both.
public enum ClipRange: Experiment {
    public static let name = "clip-range"
    public static let question = "Which bound of the ratio clip raises entropy, and which lowers it?"
    public static let source =
        "2511.05993, clip ablation (secondary); 2509.26114, abstract (primary); learning rates ours"
    public static let setup =
        ClipTable.setup
        + "; gradient descent at 0.4, at which each bound of 0.2 clips 0.3–1 % of the tokens; informative "
        + "rewards and rewards of 1 with probability 1/2, the latter also at 0.2 and 0.8"

    /// Bounds of the clip; `low` 1 and `high` ∞ are none.
    struct Bounds: Sendable {
        var name: String
        var low: Double
        var high: Double
        /// For places with little room.
        var shortName: String { String(name.prefix { !$0.isNumber }) }

        func algorithm() throws -> Algorithm {
            try catalogueAlgorithm("name: grpo, clip_low: \(low), clip_high: \(high.isFinite ? "\(high)" : ".inf")")
        }
    }

    static let usualRate = 0.4
    static let rates = [0.2, usualRate, 0.8]
    static let symmetric = Bounds(name: "symmetric 0.2/0.2", low: 0.2, high: 0.2)
    static let free = Bounds(name: "clip-free", low: 1, high: .infinity)
    static let lowAlone = Bounds(name: "low alone 0.2", low: 0.2, high: .infinity)
    static let highAlone = Bounds(name: "high alone 0.2", low: 1, high: 0.2)
    /// The five of 2511.05993, whose low bounds of "lower" and "tighter" are 0.28 and 0.12, then the two of 2509.26114.
    static let bounds = [
        symmetric, Bounds(name: "higher 0.2/0.28", low: 0.2, high: 0.28),
        Bounds(name: "lower 0.28/0.2", low: 0.28, high: 0.2), Bounds(name: "tighter 0.12/0.2", low: 0.12, high: 0.2),
        free, lowAlone, highAlone,
    ]

    /// Where a set of bounds is tried.
    struct Cell: Sendable, Equatable {
        var table: ClipTable
        var isRandom: Bool

        var name: String { "\(isRandom ? "random" : "informative"), \(table.rawValue)" }
    }

    static let cells = [false, true].flatMap { isRandom in
        ClipTable.allCases.map { Cell(table: $0, isRandom: isRandom) }
    }

    /// The runs of one set of bounds in one cell at one learning rate, one per seed.
    struct Arm: Sendable {
        var bounds: Bounds
        var cell: Cell
        var rate: Double
        var curves = SeedCurves([])
        var passRates: [Double] = []
        /// Mean fraction of the tokens clipped by each bound.
        var clippedHigh: [Double] = []
        var clippedLow: [Double] = []

        /// Mean of H over the run, per seed: where every arm ends collapsed, the last H says nothing.
        var entropy: [Double] { curves.seeds.map(mean) }

        func run(seed: UInt64) throws -> SimulationRun {
            let task = try cell.table.task(cell.isRandom ? .bernoulli(0.5) : .values, seed: seed)
            var simulator = try Simulator(task, try bounds.algorithm(), ClipTable.settings(.sgd, rate, seed: seed))
            return try simulator.run()
        }
    }

    public static func run(seeds: Int) throws -> ExperimentResult {
        var arms = cells.flatMap { cell in bounds.map { Arm(bounds: $0, cell: cell, rate: usualRate) } }
        for rate in rates where rate != usualRate {
            for cell in cells where cell.isRandom {
                arms += [symmetric, free, lowAlone, highAlone].map { Arm(bounds: $0, cell: cell, rate: rate) }
            }
        }
        let plan = arms
        let runs = try inParallel(plan.count * seeds) { try plan[$0 / seeds].run(seed: UInt64($0 % seeds + 1)) }
        for index in arms.indices {
            let own = runs[index * seeds..<(index + 1) * seeds]
            func clipped(_ side: String) -> [Double] {
                own.map { mean($0.updates.map { $0.metric("ratio_clip_\(side)") ?? .nan }) }
            }
            arms[index].curves = SeedCurves(own.map(\.entropy))
            arms[index].passRates = own.map(\.finalPassRate)
            (arms[index].clippedHigh, arms[index].clippedLow) = (clipped("high"), clipped("low"))
        }
        return ClipRangeResult(arms: arms).result
    }
}
