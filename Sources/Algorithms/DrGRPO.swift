// Dr.GRPO: GRPO without its two biases, the division by the standard deviation and by each completion's own length.

public import ConfigCoding

/// Dr.GRPO (2503.20783, primary): A = R − mean, and Σ L / (B · length) with one fixed length for every completion.
///
/// Dividing by the standard deviation weighs easy and hard prompts up; dividing by a completion's own length favours
/// long wrong answers. No KL term. A equals (G − 1)/G times RLOO's.
public enum DrGRPO {
    /// Reads `fixed_length` (default 256, the default of `rollout.max_new_tokens`) and GRPO's keys but `normalise_std`
    /// and `aggregation`.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "dr_grpo", credit: GroupNormalisedCredit(normaliseStd: false),
            aggregation: .fixedLength(try section.value("fixed_length", default: 256, in: 1...Int.max)))
    }
}
