// The one error of verifiers.

/// Why a verifier could not be made or a problem cannot be judged by it.
public struct VerifierError: Error, Sendable, CustomStringConvertible {
    /// The kind of fault, for code that must tell them apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A problem that lacks what the verifier reads.
        case badProblem
        /// A pattern that cannot be read, or is not supported.
        case badPattern
        /// A schema with a keyword that is not supported, or a keyword that is not what it must be.
        case badSchema
        /// This machine cannot isolate programs.
        case noIsolation
        /// A file or program that is not there.
        case unreadable
    }

    public var code: Code
    /// One sentence without the place: what was tried, on what, what would help.
    public var message: String
    public var cause: (any Error)?
    /// The name of the problem, or the path of the key.
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.cause = cause
    }

    public var description: String { place.isEmpty ? message : "\(message) (\(place))" }
}
