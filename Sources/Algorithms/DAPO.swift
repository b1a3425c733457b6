// DAPO: GRPO with a higher upper clip, token mean, groups with contrast only, and a soft price on length.

public import ConfigCoding

/// Decoupled clip and dynamic sampling policy optimization (2503.14476, primary).
///
/// Clip-higher lets rare rewarded tokens rise further, which keeps updates that raise entropy; it is inert with one
/// update per batch, and leaves entropy without a target. The published lengths (20480 and 4096 tokens) are scaled to
/// this project's default completion length. Dynamic sampling costs rollouts: `rollout/kept_share` says how many.
public enum DAPO {
    /// Reads GRPO's keys, with defaults `clip_high` 0.28, `dynamic_sampling` true, and `overlong_limit` 256 (the
    /// default of `rollout.max_new_tokens`).
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        try GRPO.algorithm(
            from: section, named: "dapo",
            defaults: GRPO.Defaults(clipHigh: 0.28, overlongLimit: 256, dynamicSampling: true))
    }
}
