// One turn of a conversation as data.

/// What one side says. A model's chat template makes a text of several.
public struct ChatMessage: Sendable, Equatable {
    /// `system`, `user`, `assistant`, or what else the template knows.
    public var role: String
    public var content: String
    /// Further texts of the turn that some templates read (`name`, `reasoning_content`).
    public var details: [String: String]

    public init(role: String, content: String, details: [String: String] = [:]) {
        self.role = role
        self.content = content
        self.details = details
    }

    /// Whether the policy says it.
    public var isAssistant: Bool { role == "assistant" }
}
