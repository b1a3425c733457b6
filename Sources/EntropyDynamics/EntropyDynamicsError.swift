// The module's one error: input that describes no distribution.

/// Why a distribution or a displacement was refused.
public struct EntropyDynamicsError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case noSupport
        case notANumber
        case badTemperature
        case unequalLengths
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?
    /// What was being read, such as `logits[17]`.
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.place = place
    }

    public var description: String { "\(message) (\(place))" }
}
