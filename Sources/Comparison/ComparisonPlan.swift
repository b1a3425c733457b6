// What a comparison runs, in which order, and what is still to be done: a pure function of the results so far.

/// One algorithm configuration of a comparison.
public struct ComparisonArm: Sendable, Equatable {
    /// Of the config file, without folder and ending.
    public var name: String
    /// In the catalogue.
    public var algorithm: String
    /// Whether a step may sample more prompts than it trains on, so that equal steps are not equal tokens.
    public var maySampleMore: Bool
    /// GRPO with nothing beside it: what the others are compared with.
    public var isPlain: Bool

    public init(name: String, algorithm: String, maySampleMore: Bool = false, isPlain: Bool = false) {
        self.name = name
        self.algorithm = algorithm
        self.maySampleMore = maySampleMore
        self.isPlain = isPlain
    }
}

/// Arms × seeds, with a random-drop control.
///
/// Arms that sample a fixed number of prompts make the same number of steps. One that may sample more ends with the
/// step in which it has sampled as many tokens as the baseline, or the first of those, did at the same seed. The control drops as many
/// tokens at random as the median arm that drops any, so it comes last unless its share is given.
public struct ComparisonPlan: Sendable, Equatable {
    /// Where the control comes from.
    public enum Control: Sendable, Equatable {
        /// One of the configured arms.
        case configured
        /// Beside the arms, dropping this share of the tokens.
        case share(Double)
        /// Beside the arms, dropping the share that follows from their results.
        case matched
    }

    /// One run that is to be made.
    public struct Work: Sendable, Equatable {
        public var arm: ComparisonArm
        public var seed: Int
        /// Sampled tokens with which the run ends; nil where its steps end it.
        public var tokenBudget: Int?
        /// Of the control that stands beside the arms.
        public var share: Double?
    }

    public static let controlName = "random-drop"
    /// Where no arm drops a token.
    public static let fallbackShare = 0.02

    public var arms: [ComparisonArm]
    public var seeds: [Int]
    public var control: Control
    /// Of every arm that may sample more, instead of what the baseline sampled.
    public var tokenBudget: Int?

    public init(arms: [ComparisonArm], seeds: [Int], control: Control, tokenBudget: Int? = nil) {
        self.arms = arms
        self.seeds = seeds
        self.control = control
        self.tokenBudget = tokenBudget
    }

    public var hasBudget: Bool { tokenBudget != nil || arms.contains { !$0.maySampleMore } }

    /// Runs of the whole comparison.
    public var total: Int { (arms.count + (control == .configured ? 0 : 1)) * seeds.count }

    /// All arms, the control included, in the order of the report.
    public var allArms: [ComparisonArm] { control == .configured ? arms : arms + [controlArm] }

    /// The arm that the others are compared with: plain GRPO, or the first.
    public static func baseline(of arms: [ComparisonArm]) -> ComparisonArm? {
        arms.first(where: \.isPlain) ?? arms.first
    }

    /// The next run; nil when all are done.
    public func next(after results: [RunResult]) -> Work? {
        let done = Set(results.map { Key(arm: $0.arm, seed: $0.seed) })
        let fixed = arms.filter { !$0.maySampleMore }
        let open = arms.filter(\.maySampleMore)
        let reference = Self.baseline(of: fixed)
        for seed in seeds {
            for arm in fixed where !done.contains(Key(arm: arm.name, seed: seed)) { return Work(arm: arm, seed: seed) }
            if case .share(let share) = control, !done.contains(Key(arm: Self.controlName, seed: seed)) {
                return Work(arm: controlArm, seed: seed, share: share)
            }
            let spent = results.first { $0.arm == reference?.name && $0.seed == seed }?.sampledTokens
            for arm in open where !done.contains(Key(arm: arm.name, seed: seed)) {
                return Work(arm: arm, seed: seed, tokenBudget: tokenBudget ?? spent)
            }
        }
        guard control == .matched else { return nil }
        let share = Self.matchedShare(results.filter { $0.arm != Self.controlName })
        return seeds.first { !done.contains(Key(arm: Self.controlName, seed: $0)) }
            .map { Work(arm: controlArm, seed: $0, share: share) }
    }

    /// The median over the arms that drop tokens of their mean dropped share, to four decimals;
    /// `fallbackShare` where none does.
    public static func matchedShare(_ results: [RunResult]) -> Double {
        let shares = Dictionary(grouping: results, by: \.arm).values
            .map { runs in average(runs.map { $0.droppedShare ?? 0 }) }
            .filter { $0 > 0 }.sorted()
        guard !shares.isEmpty else { return fallbackShare }
        let middle = (shares[(shares.count - 1) / 2] + shares[shares.count / 2]) / 2
        return min(1, max(1e-4, (middle * 1e4).rounded() / 1e4))
    }

    private var controlArm: ComparisonArm { ComparisonArm(name: Self.controlName, algorithm: "random_drop") }

    private struct Key: Hashable {
        var arm: String
        var seed: Int
    }
}
