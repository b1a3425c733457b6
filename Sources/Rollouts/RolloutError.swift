// What can be wrong with a request for rollouts, as a value.

/// A request the engine cannot serve.
public struct RolloutError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable { case promptTooLong, emptyPrompt, unknownToken }

    public var code: Code
    public var message: String
    public var cause: (any Error)?
    public var place: String

    public init(_ code: Code, _ message: String, place: String) {
        self.code = code
        self.message = message
        self.place = place
    }

    public var description: String { message }
}
