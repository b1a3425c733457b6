// From the rewards of a batch to advantages: the credit slot.

/// Turns the outcomes of a rollout batch into one advantage per completion.
///
/// It sees all groups at once, because some methods normalise over the batch; one that treats every group alone is a
/// `GroupCredit`. It runs once per rollout batch, before mini-batches are cut.
public protocol Credit: Sendable {
    /// - Parameter groups: the completions of each prompt, [prompts][completions].
    /// - Returns: one advantage per completion, in the same shape.
    func advantages(of groups: [[Outcome]]) -> [[Double]]
    /// Completions a group must have for the credit to mean anything; a run with fewer is refused.
    var smallestGroup: Int { get }
    /// Columns of an outcome beyond reward, length and the sampler's log-probabilities.
    var reads: Signals { get }
    /// What the credit reports of a batch; names without prefix.
    func metrics(for groups: [[Outcome]]) -> [Metric]
}

extension Credit {
    public var smallestGroup: Int { 1 }
    public var reads: Signals { [] }
    public func metrics(for groups: [[Outcome]]) -> [Metric] { [] }
}

/// A credit that looks at the rewards of one group at a time and at nothing else.
public protocol GroupCredit: Credit {
    /// - Parameter rewards: one reward per completion of the group.
    /// - Returns: one advantage per completion, in the same order.
    func advantages(_ rewards: [Double]) -> [Double]
}

extension GroupCredit {
    public func advantages(of groups: [[Outcome]]) -> [[Double]] {
        groups.map { advantages($0.map(\.reward)) }
    }
}

/// A = (R − mean) / (std + 1e-6) within the group, std with n − 1 (GRPO, 2402.03300).
///
/// A group of one, or one whose rewards are all equal, gets advantages of exactly 0. Published trainers disagree on a
/// group of one (some use mean 0 and std 1, so that the bare reward becomes the advantage); without a second
/// completion there is no baseline, and reinforcing every sample by its reward level teaches nothing.
/// With `normaliseStd` false: A = R − mean (2503.20783).
public struct GroupNormalisedCredit: GroupCredit {
    public var normaliseStd: Bool
    /// Keeps a group of nearly equal rewards from being divided by nearly nothing.
    public static let epsilon = 1e-6

    public init(normaliseStd: Bool = true) {
        self.normaliseStd = normaliseStd
    }

    public func advantages(_ rewards: [Double]) -> [Double] {
        guard rewards.count > 1, rewards.contains(where: { $0 != rewards[0] }) else {
            return rewards.map { _ in 0 }
        }
        let moments = Moments(rewards)
        let scale = normaliseStd ? (moments.sumOfSquares / (moments.count - 1)).squareRoot() + Self.epsilon : 1
        return rewards.map { ($0 - moments.mean) / scale }
    }
}
