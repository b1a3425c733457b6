// Rollout budget by learning value: a pilot of each prompt says how many completions the prompt is worth. A reconstruction.

import ConfigCoding

/// Every prompt gets `pilot` completions; the rest of the step's budget goes where a verdict is most in doubt.
///
/// AEGPO (2602.06825; only its idea is known here) gives prompts with a larger change of entropy a larger share of the
/// rollouts of a diffusion model. What transfers is the budget by learning value. Ours: the value of a prompt is the
/// posterior mean of p (1 − p) after s right of m pilot completions under a uniform prior,
/// (s + 1)(m − s + 1) / ((m + 2)(m + 3)), the expected variance of its verdict, and completions are handed out one by one to
/// the prompt with the largest value / (completions + ½), so that sizes are proportional to values where no bound
/// stops them. Other rewards than 0 and 1 are scaled to 0...1 over the step first. The step's completions stay what they
/// were; equal values give equal groups.
///
/// Void as an unbiased estimate: a group's size depends on its own pilot's verdicts, which enter its baseline, and under
/// a token mean a prompt weighs as much as it has tokens.
public struct LearningValueAllocation: Sendable, Equatable {
    /// Completions of each prompt before anything is known of it; nil: half of the configured ones.
    public var pilot: Int?
    /// Most completions of a prompt; nil: twice the configured ones.
    public var most: Int?

    public init(pilot: Int? = nil, most: Int? = nil) {
        self.pilot = pilot
        self.most = most
    }

    /// Completions of the pilot where `completions` are configured: at least 1, at most all.
    public func pilot(of completions: Int) -> Int { min(completions, max(1, pilot ?? completions / 2)) }

    /// The group sizes of a step, one per prompt; their sum is prompts × `completions`.
    public func sizes(pilotRewards: [[Double]], completions: Int) -> [Int] {
        var sizes = pilotRewards.map(\.count)
        let values = Self.values(pilotRewards)
        let bound = max(completions, most ?? 2 * completions)
        var left = max(0, sizes.count * completions - sizes.reduce(0, +))
        while left > 0 {
            var best: (place: Int, quotient: Double)?
            for place in sizes.indices where sizes[place] < bound {
                let quotient = values[place] / (Double(sizes[place]) + 0.5)
                if quotient > best?.quotient ?? -1 { best = (place, quotient) }
            }
            guard let best else { break }
            sizes[best.place] += 1
            left -= 1
        }
        return sizes
    }

    /// The learning value of each prompt, in 0..<¼.
    public static func values(_ rewards: [[Double]]) -> [Double] {
        let all = rewards.joined()
        let (low, high) = (all.min() ?? 0, all.max() ?? 0)
        return rewards.map { group in
            let m = Double(group.count)
            let s = high > low ? group.reduce(0) { $0 + ($1 - low) / (high - low) } : 0
            return (s + 1) * (m - s + 1) / ((m + 2) * (m + 3))
        }
    }

    private enum Kind: String, CaseIterable {
        case uniform
        case learningValue = "learning_value"
    }

    /// Reads `rollout_allocation` (uniform), `pilot_completions` and `completions_max`.
    static func reading(_ section: ConfigSection) throws -> LearningValueAllocation? {
        let kind = try section.choice("rollout_allocation", default: Kind.uniform)
        let pilot = try section.optional("pilot_completions", as: Int.self, in: 1...10_000)
        let most = try section.optional("completions_max", as: Int.self, in: 1...10_000)
        guard kind == .learningValue else {
            for key in ["pilot_completions", "completions_max"] where section.has(key) {
                throw section.fault(
                    .unknownKey, key, "has no effect where rollout_allocation is uniform; remove it")
            }
            return nil
        }
        return LearningValueAllocation(pilot: pilot, most: most)
    }
}
