// Experiments: training on one quadrant of (sign of A, sign of S*) only, as 2602.03392 does, plainly and centred.

import Algorithms
import Plots

/// The four interventions by the sign of S*.
public enum Interventions: Experiment {
    public static let name = "interventions"
    public static let question = "Do the signs of advantage and discriminant decide whether entropy rises or falls?"
    public static let source = "2602.03392, theorem 3.2 and its four interventions (secondary)"
    public static let setup =
        "64 contexts x 16 tokens, 16 completions per context and step, 200 steps of gradient descent at 0.2, one "
        + "rewarded token per context"

    public static func run(seeds: Int) throws -> ExperimentResult {
        try fourQuadrants(seeds: seeds, isCentred: false)
    }
}

/// The four interventions by the sign of S* − E[S].
public enum CentredInterventions: Experiment {
    public static let name = "centred-interventions"
    public static let question = "Do the signs of advantage and centred discriminant S* − E[S] decide it as well?"
    public static let source = "2602.03392, theorem 3.3 (secondary)"
    public static let setup = Interventions.setup

    public static func run(seeds: Int) throws -> ExperimentResult {
        try fourQuadrants(seeds: seeds, isCentred: true)
    }
}

private struct Quadrant {
    var advantage: SignFilter.Sign
    var discriminant: SignFilter.Sign
    /// What the theory says entropy does.
    var rises: Bool { advantage != discriminant }
    func name(_ symbol: String) -> String {
        "A \(advantage == .positive ? ">" : "<") 0, \(symbol) \(discriminant == .positive ? ">" : "<") 0"
    }
}

private func fourQuadrants(seeds: Int, isCentred: Bool) throws -> ExperimentResult {
    let symbol = isCentred ? "S* − E[S]" : "S*"
    let quadrants = SignFilter.Sign.allCases.flatMap { a in
        SignFilter.Sign.allCases.map { Quadrant(advantage: a, discriminant: $0) }
    }
    let plain = try arm(seeds, rules: [])
    let arms = try quadrants.map {
        try arm(
            seeds,
            rules: [SignFilter(advantage: $0.advantage, discriminant: $0.discriminant, isCentred: isCentred)])
    }
    let names = ["GRPO, all tokens"] + quadrants.map { $0.name(symbol) }
    let curves = [plain] + arms
    let findings = zip(quadrants, arms).map { quadrant, arm in
        let asClaimed = arm.changes.count { quadrant.rises ? $0 > 0 : $0 < 0 }
        return Finding(
            "Training on \(quadrant.name(symbol)) alone \(quadrant.rises ? "raises" : "lowers") entropy",
            holds: asClaimed == seeds,
            measured: "\(asClaimed) of \(seeds) seeds; change of H over the run \(spread(arm.changes)) nats")
    }
    let chart = LineChart(
        title: "Entropy when one quadrant is trained on (by sign of \(symbol))", xTitle: "step",
        yTitle: "entropy, nats per token",
        series: zip(names, curves).map { $1.series($0, isDashed: $0 == names[0]) },
        size: ChartSize(width: 676, height: 380))
    let table = ResultTable(
        "entropy_change", rowNames: names,
        columns: (0..<seeds).map { seed in ("seed_\(seed + 1)", curves.map { $0.changes[seed] }) })
    return ExperimentResult(tables: [table], panels: [chart], findings: findings)
}

private func arm(_ seeds: Int, rules: [any TokenRule]) throws -> SeedCurves {
    let algorithm = Algorithm(
        name: "interventions", credit: GroupNormalisedCredit(), rules: rules, surrogate: ClippedSurrogate(),
        aggregation: .tokenMean(over: .all))
    return SeedCurves(
        try inParallel(seeds) { seed in
            let task = try TableTask.random(seed: UInt64(seed + 1))
            var simulator = try Simulator(task, algorithm, SimulationSettings().with { $0.seed = UInt64(seed + 1) })
            return try simulator.run().entropy
        })
}
