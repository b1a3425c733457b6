// What is added to a completion's reward before credit: the reward-shaping slot.

/// Adds to a completion's reward something that follows from the completion alone.
public protocol RewardShaping: Sendable {
    var name: String { get }
    /// Columns of an outcome beyond reward, length and the sampler's log-probabilities.
    var reads: Signals { get }
    /// Added to the reward.
    func adjustment(for outcome: Outcome) -> Double
}

extension RewardShaping {
    public var reads: Signals { [] }
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

    /// The mean adjustment of each shaping over the completions, then what the base reports.
    public func metrics(for groups: [[Outcome]]) -> [Metric] {
        let outcomes = groups.flatMap { $0 }
        let own = shapings.map { shaping in
            let total = outcomes.reduce(0) { $0 + shaping.adjustment(for: $1) }
            return Metric("\(shaping.name)_mean", total / Double(max(outcomes.count, 1)))
        }
        return own + base.metrics(for: shaped(groups))
    }

    private func shaped(_ groups: [[Outcome]]) -> [[Outcome]] {
        groups.map { group in
            group.map { outcome in
                var shaped = outcome
                for shaping in shapings { shaped.reward += shaping.adjustment(for: outcome) }
                return shaped
            }
        }
    }
}
