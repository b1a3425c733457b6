// The closed list of environments, by the names that configurations use.

public import ConfigCoding

/// All environments, one line each.
public enum EnvironmentCatalogue {
    private typealias Make = @Sendable (ConfigSection, UInt64) throws -> any Environment

    private static let entries: [(name: String, make: Make)] = [
        ("countdown", { try Countdown(from: $0, seed: $1) }),
        ("parity", { try Parity(from: $0, seed: $1) }),
    ]

    /// The names in the order of the catalogue.
    public static var names: [String] { entries.map(\.name) }

    /// The environment that a section names (`name: countdown`, the default), with the section's other keys as its
    /// options.
    /// - Throws: `ConfigError` for an unknown name or a bad option; `EnvironmentError` if the options leave no
    ///   problems.
    public static func environment(from section: ConfigSection, seed: UInt64) throws -> any Environment {
        let name = try section.choice("name", default: entries[0].name, among: names)
        let entry = entries.first { $0.name == name } ?? entries[0]
        return try entry.make(section, seed)
    }
}
