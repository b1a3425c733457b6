// What an analysis cannot be made of, as one value with one sentence.

/// Data that has no answer: too few points, unequal lengths, a k beyond the number of samples.
public struct AnalysisError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case tooFew
        case unequalLengths
        case notFinite
        case outOfRange
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?
    /// The quantity concerned (`pass@k`, the name of a series).
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.cause = cause
    }

    public var description: String { message }
}
