// How many prompts a step samples, how many completions of each, and which groups it trains on: the rollout-plan slot.

import ConfigCoding

/// Whether groups without contrast are replaced by groups of further prompts (dynamic sampling of DAPO, 2503.14476,
/// primary).
///
/// A state machine without a sampler: whoever samples asks for `request` more prompts, hands in the rewards of each
/// group in order, and trains on `chosen`. Rewards are the verifier's, before any shaping. Replacing groups changes the
/// distribution of prompts towards those of middling difficulty; a falling share of groups that are kept is a sign that
/// entropy collapses. Published code fails when its budget ends; here the batch is then filled up with groups without
/// contrast, which carry no advantage within a group, so that its size stays.
public struct RolloutPlan: Sendable, Equatable {
    public var replacesGroupsWithoutContrast: Bool
    /// Prompts a step may sample, as a multiple of the prompts it trains on.
    public var budget: Int
    /// How a step's completions are shared among its prompts; nil: alike.
    public var allocation: LearningValueAllocation?

    public init(
        replacesGroupsWithoutContrast: Bool = false, budget: Int = 10, allocation: LearningValueAllocation? = nil
    ) {
        self.replacesGroupsWithoutContrast = replacesGroupsWithoutContrast
        self.budget = budget
        self.allocation = allocation
    }

    /// Reads `dynamic_sampling`, `sampling_budget` (10) and the keys of `LearningValueAllocation`.
    static func reading(_ section: ConfigSection, default isDynamic: Bool) throws -> RolloutPlan {
        let replaces = try section.value("dynamic_sampling", default: isDynamic)
        let budget = try section.optional("sampling_budget", as: Int.self, in: 1...1_000_000)
        guard replaces || budget == nil else {
            throw section.fault(
                .unknownKey, "sampling_budget", "has no effect where dynamic_sampling is false; remove it")
        }
        let allocation = try LearningValueAllocation.reading(section)
        guard !replaces || allocation == nil else {
            throw section.fault(
                .unknownChoice, "rollout_allocation", "must be uniform where dynamic_sampling is true")
        }
        return RolloutPlan(replacesGroupsWithoutContrast: replaces, budget: budget ?? 10, allocation: allocation)
    }

    /// A step that wants `prompts` groups, of `completions` each on average.
    public func step(prompts: Int, completions: Int = 1) -> RolloutSelection {
        RolloutSelection(plan: self, wanted: prompts, completions: completions)
    }
}

/// One step's groups as they are sampled.
public struct RolloutSelection: Sendable {
    public let plan: RolloutPlan
    /// Groups the step trains on.
    public let wanted: Int
    /// Completions of each group, on average.
    public let completions: Int
    /// Of each group sampled so far, in order.
    private var rewards: [[Double]] = []
    private var hasContrast: [Bool] { rewards.map { group in group.contains { $0 != group[0] } } }

    fileprivate init(plan: RolloutPlan, wanted: Int, completions: Int) {
        self.plan = plan
        self.wanted = wanted
        self.completions = completions
    }

    /// Completions that a requested prompt gets at first.
    public var first: Int { plan.allocation?.pilot(of: completions) ?? completions }

    /// Once no prompt is requested any more: how many completions each group should have, [sampled]. Those beyond the
    /// first are still to be sampled.
    public var sizes: [Int] {
        plan.allocation?.sizes(pilotRewards: rewards, completions: completions) ?? rewards.map(\.count)
    }

    /// Prompts sampled so far.
    public var sampled: Int { rewards.count }
    /// Groups with contrast among them.
    public var kept: Int { hasContrast.count { $0 } }

    /// How many prompts to sample next; 0 when the step has its groups or its budget is spent.
    public var request: Int {
        guard plan.replacesGroupsWithoutContrast else { return wanted - sampled }
        return min(wanted - min(kept, wanted), wanted * plan.budget - sampled)
    }

    /// Takes the rewards of the next group's first completions.
    public mutating func append(rewards: [Double]) { self.rewards.append(rewards) }

    /// The groups to train on, ascending; `wanted` of them unless fewer were sampled.
    public var chosen: [Int] {
        let hasContrast = hasContrast
        guard plan.replacesGroupsWithoutContrast else { return Array(hasContrast.indices) }
        let withContrast = hasContrast.indices.filter { hasContrast[$0] }
        let without = hasContrast.indices.filter { !hasContrast[$0] }
        return Array((withContrast + without).prefix(wanted)).sorted()
    }
}
