// Experiment: which tokens the PPO ratio clip removes, by probability and by the sign of S − E[S].

import Plots

/// The probabilities of ratio-clipped tokens.
public enum RatioClip: Experiment {
    public static let name = "ratio-clip"
    public static let question = "Are the tokens that the ratio clip removes rare, and do their updates raise entropy?"
    public static let source =
        "2602.03392, probability of clipped tokens and reading of the clip (secondary); drift arms derived"
    public static let setup =
        ClipTable.setup + "; GRPO with clip bounds 0.2/0.2, by gradient descent and by Adam, and under a reward of 1 "
        + "with probability 1/2; beside it rows whose logits drift by independent normal numbers instead of by updates"

    /// Four ways for a ratio to leave 1, each at several strengths.
    enum Way: Sendable, CaseIterable {
        case descent, adam, randomReward, drift

        var name: String {
            switch self {
            case .descent: "gradient descent"
            case .adam: "Adam"
            case .randomReward: "random reward"
            case .drift: "drifting rows"
            }
        }
        /// Learning rates; for drifting rows the deviation of a logit, nats.
        var strengths: [Double] {
            switch self {
            case .descent, .randomReward: [0.2, 0.4, 0.8]
            case .adam: [0.05, 0.1, 0.2]
            case .drift: [0.06, 0.07, 0.1]
            }
        }
    }

    struct Arm: Sendable {
        var way: Way
        var table: ClipTable
        var strength: Double
        /// Clip fractions that runs on language models report; outside nothing is claimed.
        static let usualShares = 0.001...0.02

        var name: String { "\(way.name) \(digits(strength, 2)), \(table.rawValue)" }

        func tokens(seed: UInt64) throws -> ClippedTokens {
            let reward = way == .randomReward ? TableReward.bernoulli(0.5) : .values
            let task = try table.task(reward, seed: seed)
            if way == .drift { return try ClippedTokens.drifted(task, strength, seed: seed) }
            return try ClippedTokens.trained(
                task, ClipTable.settings(way == .adam ? .adam() : .sgd, strength, seed: seed))
        }
    }

    static let arms = ClipTable.allCases.flatMap { table in
        Way.allCases.flatMap { way in way.strengths.map { Arm(way: way, table: table, strength: $0) } }
    }

    public static func run(seeds: Int) throws -> ExperimentResult {
        let runs = try inParallel(arms.count * seeds) { try arms[$0 / seeds].tokens(seed: UInt64($0 % seeds + 1)) }
        let results = arms.indices.map { arm in
            runs[arm * seeds..<(arm + 1) * seeds].reduce(into: ClippedTokens()) { $0.add($1) }
        }
        return ExperimentResult(
            tables: [table(results)] + histograms(results), panels: panels(results), findings: findings(results))
    }

    /// The clipped tokens of all seeds together, per arm.
    private static func table(_ results: [ClippedTokens]) -> ResultTable {
        func known(_ value: (ClippedTokens) -> Double) -> [Double?] {
            results.map { value($0).isFinite ? value($0) : nil }
        }
        return ResultTable(
            "clipped_tokens", rowNames: arms.map(\.name),
            columns: [
                ("clipped_share", results.map(\.share)),
                ("clipped_count", results.map { Double($0.clipped.count) }),
                ("probability_median", known { $0.quantile(0.5) }),
                ("probability_p95", known { $0.quantile(0.95) }),
                ("probability_max", known { $0.quantile(1) }),
                ("share_up_to_0.15", results.map(shareUpToClaimed)),
                ("all_tokens_share_up_to_0.15", results.map { $0.histogram(high: nil)[..<3].reduce(0, +) }),
                ("negative_centred_share_high", known { $0.negativeShare(high: true) }),
                ("negative_centred_share_low", known { $0.negativeShare(high: false) }),
            ])
    }

    /// Share of the clipped tokens with p ≤ 0.15.
    static func shareUpToClaimed(_ tokens: ClippedTokens) -> Double {
        Double(tokens.clipped.count { $0.probability <= 0.15 }) / Double(max(1, tokens.clipped.count))
    }
}
