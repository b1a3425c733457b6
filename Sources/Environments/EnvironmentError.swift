// The one error of environments and problem files.

/// Why a problem could not be read, checked or made.
public struct EnvironmentError: Error, Sendable, CustomStringConvertible {
    /// The kind of fault, for code that must tell them apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The file is missing or cannot be read.
        case unreadable
        /// A line of a problem file is not what it must be.
        case malformedLine
        /// A problem file without problems.
        case emptyDataset
        /// A form of problem that is not supported yet.
        case unsupported
        /// A problem that lacks what its environment reads.
        case badProblem
        /// An index that no problem has.
        case badIndex
        /// Options outside their bounds, given in code; in a configuration they are a `ConfigError`.
        case badOptions
        /// The options leave no problem of the wanted kind.
        case exhausted
    }

    public var code: Code
    /// One sentence without the place: what was tried, on what, what would help.
    public var message: String
    public var cause: (any Error)?
    /// `file:line` or the name of the problem.
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.cause = cause
    }

    public var description: String { place.isEmpty ? message : "\(message) (\(place))" }
}
