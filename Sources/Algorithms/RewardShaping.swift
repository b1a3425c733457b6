// What is added to a completion's reward before credit: the reward-shaping slot.

/// Adds to each completion's reward something that follows from the completions of its prompt; one that looks at a
/// completion at a time is a `CompletionShaping`.
public protocol RewardShaping: Sendable {
    var name: String { get }
    /// Columns of an outcome beyond reward, length and the sampler's log-probabilities.
    var reads: Signals { get }
    /// Added to the rewards of the group, one per completion.
    func adjustments(for group: [Outcome]) -> [Double]
    /// What the shaping reports of a batch's adjustments, [prompts][completions].
    func metrics(for adjustments: [[Double]]) -> [Metric]
}

extension RewardShaping {
    public var reads: Signals { [] }

    /// `<name>_mean`, over the completions.
    public func metrics(for adjustments: [[Double]]) -> [Metric] {
        let all = adjustments.flatMap(\.self)
        return [Metric("\(name)_mean", all.reduce(0, +) / Double(max(all.count, 1)))]
    }
}

/// A reward shaping that follows from the completion alone.
public protocol CompletionShaping: RewardShaping {
    /// Added to the reward.
    func adjustment(for outcome: Outcome) -> Double
}

extension CompletionShaping {
    public func adjustments(for group: [Outcome]) -> [Double] { group.map { adjustment(for: $0) } }
}

/// A credit whose rewards are shaped first; what is logged and filtered as reward stays the verifier's.
public struct ShapedCredit: Credit {
    public var base: any Credit
    public var shapings: [any RewardShaping]

    public init(_ base: any Credit, shapings: [any RewardShaping]) {
        self.base = base
        self.shapings = shapings
    }

    public var smallestGroup: Int { base.smallestGroup }
    public var reads: Signals { shapings.reduce(into: base.reads) { $0.formUnion($1.reads) } }

    public func advantages(of groups: [[Outcome]]) -> [[Double]] { base.advantages(of: shaped(groups)) }

    /// What each shaping reports of its adjustments, then what the base reports.
    public func metrics(for groups: [[Outcome]]) -> [Metric] {
        shapings.flatMap { shaping in shaping.metrics(for: groups.map { shaping.adjustments(for: $0) }) }
            + base.metrics(for: shaped(groups))
    }

    private func shaped(_ groups: [[Outcome]]) -> [[Outcome]] {
        groups.map { group in
            var shaped = group
            for shaping in shapings {
                for (index, change) in shaping.adjustments(for: group).enumerated() { shaped[index].reward += change }
            }
            return shaped
        }
    }
}
