// An environment under a configured reward: its problems, judged by other verifiers, alone or with its own.

public import Trajectories
public import Verifiers

/// The problems of one environment with the verdicts of `Rewards`.
public struct RewardedEnvironment: Environment {
    public let base: any Environment
    public let rewards: Rewards

    public init(_ base: any Environment, rewards: Rewards) {
        self.base = base
        self.rewards = rewards
    }

    public var name: String { base.name }
    public func count(of split: Split) -> Int? { base.count(of: split) }
    public func problem(_ index: Int, split: Split) throws -> Problem { try base.problem(index, split: split) }
    public func demonstration(_ index: Int, split: Split) throws -> (problem: Problem, completion: String)? {
        try base.demonstration(index, split: split)
    }
    public func check(_ problem: Problem) throws { try rewards.check(problem) }
    public func answer(in completion: String) -> String? { rewards.answer(in: completion) }
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        rewards.verdict(on: completion, for: problem)
    }
}
