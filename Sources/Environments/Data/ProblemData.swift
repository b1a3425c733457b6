// The section `data:` of a configuration: how a file of problems is read, shared out and gone through.

public import ConfigCoding

/// How a file of problems is used.
public struct ProblemData: Sendable {
    public var mapping: ProblemMapping
    public var split: ProblemSplit
    public var promptLimit: PromptLimit
    public var order: any ProblemOrder

    /// Reads the keys of `ProblemMapping`, `ProblemSplit` and `PromptLimit`, and the section `order`.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        mapping = try ProblemMapping(from: section)
        split = try ProblemSplit(from: section)
        promptLimit = try PromptLimit(from: section)
        order = try ProblemOrderCatalogue.order(from: try section.section("order"))
    }
}

/// How long prompts may be, and what becomes of longer ones.
public struct PromptLimit: Sendable, Equatable {
    /// What becomes of a prompt that is too long.
    public enum Policy: String, Sendable, CaseIterable {
        /// Nothing starts.
        case refuse
        /// The problem is left out, and counted.
        case drop
        /// The tokens at its left end are cut off; not for conversations, whose beginning is their form.
        case keepEnd = "keep_end"
    }

    public var policy: Policy
    /// Tokens; nil leaves only the model's context as a limit.
    public var tokens: Int?

    public init(policy: Policy = .refuse, tokens: Int? = nil) {
        self.policy = policy
        self.tokens = tokens
    }

    /// Reads `overlong` (refuse) and `max_prompt_tokens`.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        policy = try section.choice("overlong", default: .refuse)
        tokens = try section.optional("max_prompt_tokens", as: Int.self, in: 1...10_000_000)
    }
}
