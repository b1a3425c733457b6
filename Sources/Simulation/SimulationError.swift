// The module's one error: an experiment that cannot be run as asked.

/// Why a simulation was refused.
public struct SimulationError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// A setting outside what a table policy can hold.
        case badSetting
        /// An algorithm that cannot be evaluated in expectation over all actions.
        case needsSamples
        case unknownExperiment
    }

    public var code: Code
    /// One sentence: what was tried, on what, what would help.
    public var message: String
    public var cause: (any Error)?
    /// The setting, such as `contexts`.
    public var place: String

    public init(_ code: Code, _ message: String, place: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.place = place
    }

    public var description: String { "\(message) (\(place))" }
}
