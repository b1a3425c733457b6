// RLOO: each completion's baseline is the mean reward of the others.

public import ConfigCoding

/// REINFORCE leave-one-out (2402.14740, primary): A_i = R_i − mean of the other rewards = G/(G − 1) (R_i − mean).
///
/// The baseline does not contain the completion's own reward, so the gradient is unbiased at any group size. A group of
/// one has no baseline.
public struct LeaveOneOutCredit: GroupCredit {
    public var smallestGroup: Int { 2 }

    public init() {}

    public func advantages(_ rewards: [Double]) -> [Double] {
        // Exactly equal rewards give exactly 0, as in every group without contrast.
        guard rewards.count > 1, rewards.contains(where: { $0 != rewards[0] }) else { return rewards.map { _ in 0 } }
        let moments = Moments(rewards)
        return rewards.map { ($0 - moments.mean) * moments.count / (moments.count - 1) }
    }
}

public enum RLOO {
    /// Reads GRPO's keys but `normalise_std`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(from: section, named: "rloo", credit: LeaveOneOutCredit())
    }
}
