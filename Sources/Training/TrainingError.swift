// What can be wrong with a run, as a value.

/// A run that cannot start or go on.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable { case mismatch, emptyData, nothingToResume, notFinite, damagedCheckpoint }

    public var code: Code
    public var message: String
    public var cause: (any Error)?
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.cause = cause
    }

    public var description: String { message }
}
