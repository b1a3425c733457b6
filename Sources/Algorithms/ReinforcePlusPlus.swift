// REINFORCE++: rewards normalised over the whole batch instead of within each group, with and without a group baseline.

public import ConfigCoding

/// A = (x − mean) / √(var + 1e-8), x the reward, or the reward less its group's mean; mean and variance (n − 1) over all
/// trainable tokens of the rollout batch (2501.03262; primary: published code).
///
/// Over tokens a long completion counts for more than a short one, so completions as such do not average to 0. A group
/// without contrast still pushes, unless the baseline is taken. All 0 where every x is the same or there is one token.
public struct BatchNormalisedCredit: Credit, Equatable {
    public var subtractsGroupMean: Bool
    public var smallestGroup: Int { subtractsGroupMean ? 2 : 1 }
    static let epsilon = 1e-8

    public init(subtractsGroupMean: Bool) {
        self.subtractsGroupMean = subtractsGroupMean
    }

    public func advantages(of groups: [[Outcome]]) -> [[Double]] {
        let values = groups.map { group in
            let rewards = group.map(\.reward)
            return subtractsGroupMean ? GroupNormalisedCredit(normaliseStd: false).advantages(rewards) : rewards
        }
        let weighted = zip(values.joined(), groups.joined()).map { (value: $0, tokens: Double($1.length)) }
        let count = weighted.reduce(0) { $0 + $1.tokens }
        guard count > 1, let first = weighted.first?.value, weighted.contains(where: { $0.value != first }) else {
            return values.map { $0.map { _ in 0 } }
        }
        let mean = weighted.reduce(0) { $0 + $1.tokens * $1.value } / count
        let squares = weighted.reduce(0) { $0 + $1.tokens * ($1.value - mean) * ($1.value - mean) }
        let scale = (squares / (count - 1) + Self.epsilon).squareRoot()
        return values.map { $0.map { ($0 - mean) / scale } }
    }
}

public enum ReinforcePlusPlus {
    /// Reads GRPO's keys but `normalise_std`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "reinforce_plus_plus", credit: BatchNormalisedCredit(subtractsGroupMean: false))
    }

    /// Reads GRPO's keys but `normalise_std`.
    /// - Throws: `ConfigError`.
    public static func withBaseline(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "reinforce_plus_plus_baseline",
            credit: BatchNormalisedCredit(subtractsGroupMean: true))
    }
}
