// In which order the problems of a file are trained on: a rule that a configuration names, and the sequence it makes.

public import ConfigCoding
public import Trajectories

/// Which problem stands at each position of a run. A pure value, so that a run resumes at a position exactly.
public protocol ProblemSequence: Sendable {
    /// The index of the problem at a position, from 0 on; positions have no end.
    func index(at position: Int) -> Int
}

/// A rule of order and its options.
public protocol ProblemOrder: Sendable {
    /// Reads the options of a section `order:`.
    /// - Throws: `ConfigError`.
    init(from section: ConfigSection) throws

    /// The sequence over some problems.
    /// - Parameters:
    ///   - problems: at least one.
    ///   - positions: how many problems the run is expected to take.
    /// - Throws: `EnvironmentError` `.badProblem` for a problem that lacks what the rule reads.
    func sequence(of problems: [Problem], seed: UInt64, positions: Int) throws -> any ProblemSequence
}

/// All orders, one line each.
public enum ProblemOrderCatalogue {
    private typealias Make = @Sendable (ConfigSection) throws -> any ProblemOrder

    private static let entries: [(name: String, make: Make)] = [
        ("shuffled", { try ShuffledOrder(from: $0) }),
        ("as_written", { try WrittenOrder(from: $0) }),
        ("curriculum", { try Curriculum(from: $0) }),
    ]

    /// The names in the order of the catalogue.
    public static var names: [String] { entries.map(\.name) }

    /// The order that a section names (`name: shuffled`, the default).
    /// - Throws: `ConfigError`.
    public static func order(from section: ConfigSection) throws -> any ProblemOrder {
        let name = try section.choice("name", default: entries[0].name, among: names)
        let entry = entries.first { $0.name == name } ?? entries[0]
        return try entry.make(section)
    }
}
