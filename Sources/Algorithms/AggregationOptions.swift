// The aggregation as it is written in a configuration.

import ConfigCoding

extension Aggregation {
    private enum Mean: String, CaseIterable {
        case token = "token_mean"
        case sequence = "sequence_mean"
        case fixed = "fixed_length"
    }

    /// Reads `aggregation` (token_mean) and `fixed_length`.
    static func reading(_ section: ConfigSection, _ denominator: Denominator) throws -> Aggregation {
        let mean = try section.choice("aggregation", default: Mean.token)
        let length = try section.optional("fixed_length", as: Int.self, in: 1...Int.max)
        if mean != .token, denominator == .kept {
            throw section.fault(
                .unknownChoice, "aggregation", "must be token_mean where denominator is kept; set denominator: all")
        }
        switch (mean, length) {
        case (.token, nil): return .tokenMean(over: denominator)
        case (.sequence, nil): return .sequenceMean
        case (.fixed, let length?): return .fixedLength(length)
        case (.fixed, nil):
            throw section.fault(
                .missingKey, "fixed_length",
                "is required where aggregation is fixed_length and must be a whole number")
        case (_, .some):
            throw section.fault(
                .unknownKey, "fixed_length", "has no effect where aggregation is \(mean.rawValue); remove it")
        }
    }
}
