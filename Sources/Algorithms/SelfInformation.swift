// Self-information advantage: rare successes count for more. The part of ECVGPO that carries over, reconstructed.

public import ConfigCoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A' = A f(I) where A > 0, with I = −(1/|y|) Σ log p of the completion as sampled, f(I) = (I / Ī)^γ within [1/limit, limit]
/// and Ī the mean I over the batch's completions with A > 0 (after 2512.06726, abstract only).
///
/// **Reconstruction:** ECVGPO, made for visual grounding, reshapes the advantages of right answers by their
/// self-information; its formula is not known, and power, centre and limit are ours. γ > 0 weighs rare successes up,
/// which raises entropy; γ < 0 lowers it; γ = 0 changes nothing. f = 1 where Ī = 0.
public struct SelfInformationCredit: Credit {
    public var base: any Credit
    /// γ.
    public var exponent: Double
    public var limit: Double

    public init(_ base: any Credit, exponent: Double = 1, limit: Double = 5) {
        self.base = base
        self.exponent = exponent
        self.limit = limit
    }

    public var smallestGroup: Int { base.smallestGroup }
    public var reads: Signals { base.reads }

    public func advantages(of groups: [[Outcome]]) -> [[Double]] {
        let plain = base.advantages(of: groups)
        let right = zip(plain.joined(), groups.joined()).filter { $0.0 > 0 }.map { information($0.1) }
        let mean = right.reduce(0, +) / Double(max(right.count, 1))
        guard mean > 0 else { return plain }
        return zip(plain, groups).map { advantages, outcomes in
            zip(advantages, outcomes).map { advantage, outcome in
                guard advantage > 0 else { return advantage }
                let factor = pow(information(outcome) / mean, exponent)
                return advantage * min(max(factor, 1 / limit), limit)
            }
        }
    }

    private func information(_ outcome: Outcome) -> Double {
        -outcome.sampledLogprob.reduce(0) { $0 + Double($1) } / Double(max(outcome.length, 1))
    }
}

public enum SelfInformation {
    /// Reads `gamma` (1), `limit` (5) and GRPO's keys.
    /// - Throws: `ConfigError`.
    public static func algorithm(from section: ConfigSection) throws -> Algorithm {
        let base = GroupNormalisedCredit(normaliseStd: try section.value("normalise_std", default: true))
        return try GRPO.algorithm(
            from: section, named: "self_information",
            credit: SelfInformationCredit(
                base, exponent: try section.value("gamma", default: 1, in: -100.0...100),
                limit: try section.value("limit", default: 5, in: 1...1e6)))
    }
}
