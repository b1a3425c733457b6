// The one error of configuration files: what was wrong, said in a sentence, and where it is written.

/// Why a configuration could not be read.
public struct ConfigError: Error, Sendable, CustomStringConvertible {
    /// The kind of fault, for code that must tell them apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The file is missing, too large, not a plain file or not UTF-8.
        case unreadable
        /// The text is not YAML, or uses a part of YAML that configurations do without.
        case syntax
        /// A key that nobody asked for.
        case unknownKey
        /// A key without default that is not there.
        case missingKey
        /// A value of another kind than the key wants.
        case wrongType
        /// A value of the right kind outside its bounds.
        case outOfRange
        /// A word that is not among the choices.
        case unknownChoice
    }

    public var code: Code
    /// One sentence without the place: what was tried, on what, what would help.
    public var message: String
    public var cause: (any Error)?
    /// `file:line`, or the override as it was given.
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.cause = cause
    }

    public var description: String { place.isEmpty ? message : "\(message) (\(place))" }
}
