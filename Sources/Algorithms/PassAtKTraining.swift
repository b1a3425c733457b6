// Pass@k training: credit for what a completion adds to the chance that one of k is right.

public import ConfigCoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The mean, over all subsets of k completions, of the normalised subset reward, for each completion (2508.10751,
/// primary: its code).
///
/// With n completions of which c are correct: ρ = 1 − C(n − c, k)/C(n, k), σ = √(ρ(1 − ρ)), A₊ = (1 − ρ)/σ,
/// A₋ = (1 − ρ − C(n − c − 1, k − 1)/C(n − 1, k − 1))/σ; the group's sum is 0, and k = 1 is GRPO with the population
/// deviation. Void where every or no subset succeeds (fewer than k wrong completions, or none right): all 0. Binary
/// rewards only: a completion is correct if its reward exceeds the threshold.
public struct PassAtKCredit: GroupCredit, Equatable {
    public var k: Int
    public var threshold: Double
    public var smallestGroup: Int { k }

    public init(k: Int, threshold: Double = 0.5) {
        self.k = k
        self.threshold = threshold
    }

    public func advantages(_ rewards: [Double]) -> [Double] {
        let n = rewards.count
        let wrong = rewards.count { $0 <= threshold }
        guard n >= k, wrong < n, wrong >= k else { return rewards.map { _ in 0 } }
        let fails = exp(logChoose(wrong, k) - logChoose(n, k))
        let deviation = (fails * (1 - fails)).squareRoot()
        let failsWithAWrong = exp(logChoose(wrong - 1, k - 1) - logChoose(n - 1, k - 1))
        let (right, other) = (fails / deviation, (fails - failsWithAWrong) / deviation)
        return rewards.map { $0 > threshold ? right : other }
    }

    private func logChoose(_ n: Int, _ k: Int) -> Double {
        lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)
    }
}

public enum PassAtKTraining {
    /// Reads `k` (4), `threshold` (0.5) and GRPO's keys but `normalise_std`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "pass_at_k",
            credit: PassAtKCredit(
                k: try section.value("k", default: 4, in: 1...10_000),
                threshold: try section.value("threshold", default: 0.5, in: -Double.infinity...Double.infinity)))
    }
}
