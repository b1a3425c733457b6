// The closed list of environments, by the names that configurations use.

public import ConfigCoding
import Verifiers

/// All environments, one line each.
public enum EnvironmentCatalogue {
    private typealias Make = @Sendable (ConfigSection, UInt64) throws -> any Environment

    private static let entries: [(name: String, make: Make)] = [
        ("countdown", { try Countdown(from: $0, seed: $1) }),
        ("arithmetic", { try ArithmeticChains(from: $0, seed: $1) }),
        ("modular", { try ModularEquations(from: $0, seed: $1) }),
        ("bases", { try BaseConversion(from: $0, seed: $1) }),
        ("sorting", { try ListSorting(from: $0, seed: $1) }),
        ("rewriting", { try StringRewriting(from: $0, seed: $1) }),
        ("logic", { try LogicGrid(from: $0, seed: $1) }),
        ("dataset", { _, _ in Dataset() }),
        ("parity", { try Parity(from: $0, seed: $1) }),
    ]

    /// The names in the order of the catalogue.
    public static var names: [String] { entries.map(\.name) }

    /// The environment that a section names (`name: countdown`, the default), with the section's other keys as its
    /// options. A section `reward:` replaces the environment's own verdict by the components that it names, among
    /// which `verifier: own` is that verdict; a dataset needs one.
    /// - Throws: `ConfigError` for an unknown name or a bad option; `EnvironmentError` if the options leave no
    ///   problems.
    public static func environment(from section: ConfigSection, seed: UInt64) throws -> any Environment {
        let name = try section.choice("name", default: entries[0].name, among: names)
        let entry = entries.first { $0.name == name } ?? entries[0]
        let environment = try entry.make(section, seed)
        let isDataset = environment is Dataset
        guard isDataset || section.has("reward") else { return environment }
        let rewards = try Rewards(from: try section.section("reward"), own: isDataset ? nil : environment)
        return RewardedEnvironment(environment, rewards: rewards)
    }
}
