// The closed list of verifiers, by the names that configurations use.

public import ConfigCoding

/// All verifiers, one line each.
public enum VerifierCatalogue {
    private typealias Make = @Sendable (ConfigSection) throws -> any Verifier

    private static let entries: [(name: String, make: Make)] = [
        ("mathematics", { try Mathematics(from: $0) }),
        ("multiple_choice", { try MultipleChoice(from: $0) }),
        ("exact", { try ExactMatch(from: $0) }),
        ("pattern", { try PatternMatch(from: $0) }),
        ("think_format", { try ThinkFormat(from: $0) }),
        ("length", { try LengthPenalty(from: $0) }),
        ("json_schema", { try JSONMatch(from: $0) }),
        ("program", { try ProgramTests(from: $0) }),
        ("command", { try ExternalCommand(from: $0) }),
        ("http", { try HTTPVerifier(from: $0) }),
    ]

    /// The names in the order of the catalogue.
    public static var names: [String] { entries.map(\.name) }

    /// The verifier that a section names (`verifier: mathematics`), with the section's other keys as its options.
    /// - Parameter own: what `verifier: own` means, where an environment has a verdict of its own.
    /// - Throws: `ConfigError` for a missing or unknown name or a bad option.
    public static func verifier(from section: ConfigSection, own: (any Verifier)? = nil) throws -> any Verifier {
        let name = try section.choice("verifier", among: own == nil ? names : names + ["own"])
        if let own, name == "own" { return own }
        let entry = entries.first { $0.name == name } ?? entries[0]
        return try entry.make(section)
    }
}
