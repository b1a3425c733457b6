// The public face of this module: conversations to texts, by the template of a model.

public import Trajectories

/// A chat template in the subset of Jinja that the templates of Qwen, Llama, Mistral and Gemma use, rendered as
/// transformers renders it, byte for byte.
///
/// What is supported is listed in `docs/tokenizers.md`. Everything else is refused with its line when the template is
/// read, or, where only values show it, when it is rendered.
public struct ChatTemplate: Sendable {
    private let statements: [TemplateStatement]
    /// What errors call the template.
    public let name: String
    /// `bos_token`, `eos_token` and the like, which templates print.
    public let specialTokens: [String: String]

    /// Reads a template.
    /// - Parameter name: what errors call it.
    /// - Throws: `ChatTemplateError` `.syntax`, `.unsupported` or `.limit`, naming the line.
    public init(source: String, name: String, specialTokens: [String: String] = [:]) throws(ChatTemplateError) {
        statements = try TemplateParser.parse(source, name: name)
        self.name = name
        self.specialTokens = specialTokens
    }

    /// The text of a conversation.
    ///
    /// - Parameters:
    ///   - addsGenerationPrompt: ends with what the assistant's next turn begins with.
    ///   - variables: further names that the template reads, such as `enable_thinking` or `date_string`.
    /// - Throws: `ChatTemplateError`; `.refusedByTemplate` when the template calls `raise_exception`.
    public func render(
        _ messages: [ChatMessage], addsGenerationPrompt: Bool, variables: [String: JSONValue] = [:]
    ) throws(ChatTemplateError) -> String {
        var names: [String: TemplateValue] = specialTokens.mapValues { .text($0) }
        names["messages"] = .list(messages.map(Self.value))
        // transformers passes these also where there are none.
        names["tools"] = TemplateValue.none
        names["documents"] = TemplateValue.none
        names["add_generation_prompt"] = .bool(addsGenerationPrompt)
        for (name, value) in variables { names[name] = try TemplateValue(value, name: name) }
        var renderer = TemplateRenderer(name: name)
        var output = ""
        _ = try renderer.render(statements, TemplateScope(names), into: &output)
        return output
    }

    /// The mapping that templates see. As in transformers thoughts also have their other name, `thinking`, in front.
    private static func value(_ message: ChatMessage) -> TemplateValue {
        let thoughts =
            message.details["reasoning_content"].map { [(key: "thinking", value: TemplateValue.text($0))] } ?? []
        let details = message.details.sorted { $0.key < $1.key }.map {
            (key: $0.key, value: TemplateValue.text($0.value))
        }
        return .mapping(thoughts + [("role", .text(message.role)), ("content", .text(message.content))] + details)
    }
}
