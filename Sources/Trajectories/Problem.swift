// A problem as data: what the policy is shown, and what its verifier needs to know.

/// One prompt with the fields its verifier reads.
public struct Problem: Sendable, Equatable {
    /// Stable name of the problem within its source (`countdown/train/17`, `data.jsonl:12`).
    public var id: String
    /// Text the policy continues.
    public var prompt: String
    /// Everything else of the problem (`answer`, `numbers`, `target`, ...), read by the environment's verifier.
    public var fields: [String: JSONValue]

    public init(id: String, prompt: String, fields: [String: JSONValue] = [:]) {
        self.id = id
        self.prompt = prompt
        self.fields = fields
    }
}
