// Why a chat template was refused, or could not be rendered, as a value.

/// The one error of this module: what is wrong with a template, a conversation, or both, and where.
public struct ChatTemplateError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The folder has no template, or its file cannot be read.
        case unreadable
        /// The text is not a template.
        case syntax
        /// The template uses something that this module does not do.
        case unsupported
        /// An operation on values that it is not made for, as Python would raise an error.
        case failed
        /// The template itself refuses the conversation (`raise_exception`).
        case refusedByTemplate
        /// More loops, calls or output than a conversation needs.
        case limit
        /// Rendering a conversation turn by turn does not give the beginnings of the whole.
        case notIncremental
    }

    public var code: Code
    /// One sentence without the place.
    public var message: String
    /// File and line (`chat_template.jinja:7`), or the file.
    public var place: String

    public init(_ code: Code, _ message: String, place: String) {
        self.code = code
        self.message = message
        self.place = place
    }

    public var description: String { place.isEmpty ? message : "\(message) (\(place))" }
}
