// What can be wrong with a model folder, as a value.

/// A model folder that cannot be read, is not supported, or cannot be written.
public struct ModelError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable { case missingFile, malformed, unsupported, wrongShape, unwritable }

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
