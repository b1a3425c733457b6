// Experiment: the entropy that Clip_B and Clip_V end at, against their threshold μ, for three masks.

import Plots

/// Final entropy over μ with informative and with random rewards; GRPO as reference.
public enum MuSweep: Experiment {
    public static let name = "mu-sweep"
    public static let question = "How does the threshold μ of Clip_B and Clip_V set entropy, and which mask does it?"
    public static let source = "2602.03392, μ sweep (secondary); masks of its published code (primary), others derived"
    public static let setup =
        "32 contexts x 16 tokens, 16 completions per context and step, 100 steps of gradient descent at 0.4, one "
        + "rewarded token per context or rewards drawn 0 or 1 at random; μ on both sides from 0.5 to 8 (random: to 4), "
        + "one-sided = A < 0 below only, two-sided = every A, sign-aware = A < 0 below and A > 0 above"

    public static func run(seeds: Int) throws -> ExperimentResult {
        let informed = try MuSweepLine.all(reward: .values, mus: [0.5, 1, 1.5, 2, 3, 4, 8], seeds: seeds)
        let random = try MuSweepLine.all(reward: .bernoulli(0.5), mus: [0.5, 1, 2, 4], seeds: seeds)
        var panels = IntervalMethod.allCases.map { method in
            panel(
                "\(method.name), one rewarded token: entropy after 100 steps, mean over seeds",
                informed.filter { $0.rule.map { $0.method == method } ?? true }, isLog: true, height: 300)
        }
        panels.append(
            panel("Random rewards: entropy after 100 steps, mean over seeds", random, isLog: false, height: 360))
        return ExperimentResult(
            tables: [table("informative_rewards", informed), table("random_rewards", random)], panels: panels,
            findings: muSweepFindings(informed: informed, random: random))
    }
}

/// Entropy over μ; GRPO is a level line over the whole range.
private func panel(_ title: String, _ lines: [MuSweepLine], isLog: Bool, height: Double) -> LineChart {
    let mus = lines.last?.mus ?? []
    let hasBoth = Set(lines.compactMap { $0.rule?.method }).count > 1
    let heights = lines.flatMap { $0.mean(\.entropy) }
    // Room below GRPO, which would otherwise lie on the axis.
    let range = heights.min().flatMap { low in heights.max().map { low * 0.8...$0 * 1.1 } }
    let start = lines.first.map { $0.mean(\.start)[0] } ?? .nan
    return LineChart(
        title: title, xTitle: "μ, deviations", yTitle: "entropy, nats per token",
        series: lines.map { line in
            let entropy = line.mean(\.entropy)
            guard let rule = line.rule else {
                return LineChart.Series(
                    name: line.name, x: mus, y: mus.map { _ in entropy[0] }, color: Palette.neutral)
            }
            return LineChart.Series(
                name: hasBoth ? line.name : rule.mask.name, x: mus, y: entropy,
                color: Palette.color(rule.mask.rawValue), isDashed: hasBoth && rule.method == .vocabulary)
        }, xKind: .log, yKind: isLog ? .log : .linear, yRange: isLog ? range : nil,
        annotations: isLog ? [] : [Annotation(.y(start), label: "first policy")], legend: .above,
        size: ChartSize(width: 676, height: height))
}

private func table(_ name: String, _ lines: [MuSweepLine]) -> ResultTable {
    let rows = lines.flatMap { line in line.mus.indices.map { (line: line, index: $0) } }
    func column(_ value: (MuSweepLine.End) -> Double) -> [Double?] {
        rows.map { mean($0.line.ends[$0.index].map(value)) }
    }
    return ResultTable(
        name, rowNames: rows.map(\.line.name),
        columns: [
            ("mu", rows.map { $0.line.rule == nil ? nil : $0.line.mus[$0.index] }),
            ("dropped_fraction", column(\.dropped)), ("entropy_nats", column(\.entropy)),
            ("entropy_low_nats", rows.map { $0.line.ends[$0.index].map(\.entropy).min() }),
            ("entropy_high_nats", rows.map { $0.line.ends[$0.index].map(\.entropy).max() }),
            ("pass_rate", column(\.passRate)), ("first_entropy_nats", column(\.start)),
        ])
}
