// Pass@k training, max form: only a group's best completion is credited, by its lead over the second best.

public import ConfigCoding

/// A of the best completion = R_max − R_second, divided by the group's std + 1e-6 if asked; every other A = 0
/// (2503.19595; primary: published code). Where the best is shared all are 0: with binary rewards only groups with a
/// single success teach anything.
public struct BestOfGroupCredit: GroupCredit, Equatable {
    public var normaliseStd: Bool
    public var smallestGroup: Int { 2 }

    public init(normaliseStd: Bool = true) { self.normaliseStd = normaliseStd }

    public func advantages(_ rewards: [Double]) -> [Double] {
        let ranked = rewards.sorted(by: >)
        guard ranked.count > 1, ranked[0] > ranked[1] else { return rewards.map { _ in 0 } }
        let moments = Moments(rewards)
        let deviation = (moments.sumOfSquares / (moments.count - 1)).squareRoot()
        let lead = (ranked[0] - ranked[1]) / (normaliseStd ? deviation + GroupNormalisedCredit.epsilon : 1)
        return rewards.map { $0 == ranked[0] ? lead : 0 }
    }
}

public enum BestOfGroup {
    /// Reads `normalise_std` (true) and GRPO's other keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "pass_at_k_max",
            credit: BestOfGroupCredit(normaliseStd: try section.value("normalise_std", default: true)))
    }
}
