// The module's one error: a table that holds no batch. Settings are refused by ConfigCoding's error.

/// Why a batch or an algorithm was refused.
public struct AlgorithmError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case unequalColumns
        case notFinite
        case missingSignal
        case foreignState
    }

    public var code: Code
    /// One sentence: what was tried, on what, what would help.
    public var message: String
    public var cause: (any Error)?
    /// The column and row, such as `entropy[17]`.
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.place = place
    }

    public var description: String { "\(message) (\(place))" }
}

extension AlgorithmError {
    static func unequal(_ column: String, _ count: Int, expected: Int) -> AlgorithmError {
        AlgorithmError(
            .unequalColumns,
            "every column of a token table needs one entry per token: \(column) has \(count), "
                + "policyLogprob has \(expected)",
            place: column)
    }

    static func notFinite(_ column: String, _ row: Int, _ value: Float) -> AlgorithmError {
        AlgorithmError(
            .notFinite,
            "a token table holds finite numbers only, got \(value); leave out tokens that are not trained, "
                + "and look for diverged weights otherwise",
            place: "\(column)[\(row)]")
    }

    static func missing(_ signal: String, for algorithm: String) -> AlgorithmError {
        AlgorithmError(
            .missingSignal, "\(algorithm) reads \(signal), which this token table does not have; add that column",
            place: signal)
    }
}
