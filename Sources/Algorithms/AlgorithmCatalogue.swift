// Every algorithm by name. Adding one means one line here.

public import ConfigCoding

/// The algorithms a configuration can name.
public enum AlgorithmCatalogue {
    private static let entries: [(name: String, decode: @Sendable (ConfigSection) throws -> Algorithm)] = [
        ("grpo", GRPO.algorithm(from:)),
        ("clip_b", ClipB.algorithm(from:)),
        ("clip_v", ClipV.algorithm(from:)),
        ("dr_grpo", DrGRPO.algorithm(from:)),
        ("rloo", RLOO.algorithm(from:)),
        ("cispo", CISPO.algorithm(from:)),
        ("ce_gppo", CEGPPO.algorithm(from:)),
        ("psr", WeightedReinforce.psr(from:)),
        ("nsr", WeightedReinforce.nsr(from:)),
        ("w_reinforce", WeightedReinforce.algorithm(from:)),
        ("pass_at_k", PassAtKTraining.algorithm(from:)),
        ("forking_tokens", ForkingTokens.algorithm(from:)),
        ("opefo", OPEFO.algorithm(from:)),
        ("stare", STARE.algorithm(from:)),
        ("dapo", DAPO.algorithm(from:)),
        ("gspo", GSPO.algorithm(from:)),
        ("reinforce_plus_plus", ReinforcePlusPlus.algorithm(from:)),
        ("reinforce_plus_plus_baseline", ReinforcePlusPlus.withBaseline(from:)),
        ("clip_cov", ClipCov.algorithm(from:)),
        ("kl_cov", KLCov.algorithm(from:)),
        ("entropy_advantage", EntropyBasedAdvantage.algorithm(from:)),
        ("perplexity_shaping", PerplexityShaping.algorithm(from:)),
        ("position_shaping", PositionShaping.algorithm(from:)),
        ("self_information", SelfInformation.algorithm(from:)),
        ("pass_at_k_max", BestOfGroup.algorithm(from:)),
        ("random_drop", RandomDrop.algorithm(from:)),
        ("skywork", Skywork.algorithm(from:)),
        ("flexible_clip", FlexibleClipping.algorithm(from:)),
        ("positive_advantage", PositiveAdvantage.algorithm(from:)),
    ]

    /// All names, in the order of the catalogue.
    public static var names: [String] { entries.map(\.name) }

    /// The algorithm that the key `name` of a section names, with its options read from the section's other keys.
    ///
    /// Keys that the algorithm did not ask for are reported by `finish()` of whoever loaded the configuration.
    /// - Throws: `ConfigError`: no name, an unknown name (with the nearest known one), or an option out of its range.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let name = try section.choice("name", among: names)
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw section.fault(.unknownChoice, "name", "must be one of \(names.joined(separator: ", "))")
        }
        return try entry.decode(section)
    }
}
