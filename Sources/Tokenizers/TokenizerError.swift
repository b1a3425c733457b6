// Why a tokenizer file was refused, as a value.

/// The one error of this module: what is wrong with a tokenizer file, and where.
public struct TokenizerError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The file could not be read.
        case unreadable
        /// The bytes are not JSON.
        case syntax
        /// A field is absent, or its value has the wrong type.
        case malformed
        /// The file asks for something that this module does not do.
        case unsupported
        /// Two parts of the file contradict each other.
        case inconsistent
    }

    public var code: Code
    /// One sentence: what is wrong and what would help.
    public var message: String
    public var cause: (any Error)?
    /// File name, then a line number (`tokenizer.json:7`) or a JSON path (`tokenizer.json:model.type`).
    public var place: String

    public init(code: Code, message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.place = place
    }

    public var description: String { "\(message) (\(place))" }
}
