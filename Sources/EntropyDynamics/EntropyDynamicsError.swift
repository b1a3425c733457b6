// The module's one error: input that describes no distribution, determines no fit, or sets up no controller.

/// Why a distribution, a displacement, a fit or a controller was refused.
public struct EntropyDynamicsError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case noSupport
        case notANumber
        case badTemperature
        case unequalLengths
        /// A target or argument outside what the quantity can reach.
        case outOfRange
        /// Fewer points than a fit needs.
        case tooFew
        /// Points that do not vary along the axis of a fit.
        case noSpread
        /// A controller's setting, or a state to resume from, outside what its law is defined for.
        case badSetting
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
