// Problems that are conversations: the fields `messages` and `chat_template_kwargs` of a line.

public import Trajectories

extension Problem {
    /// The conversation of a line with `messages`, nil where it has a prompt. Its text comes from the chat template of a
    /// model, so that `prompt` is empty until a model is there.
    ///
    /// - Throws: `EnvironmentError` `.malformedLine` or `.unsupported`, naming the message from 1 on.
    public func messages() throws(EnvironmentError) -> [ChatMessage]? {
        guard let value = fields["messages"] else { return nil }
        guard let list = value.array, !list.isEmpty else {
            throw fault("\"messages\" must be a list of at least one {\"role\": \"...\", \"content\": \"...\"}")
        }
        var messages: [ChatMessage] = []
        for (index, item) in list.enumerated() { messages.append(try message(item, number: index + 1)) }
        return messages
    }

    /// Further names for the chat template (`enable_thinking`, `date_string`).
    /// - Throws: `EnvironmentError` `.malformedLine`.
    public func templateVariables() throws(EnvironmentError) -> [String: JSONValue] {
        guard let value = fields["chat_template_kwargs"] else { return [:] }
        guard case .object(let variables) = value else {
            throw fault("\"chat_template_kwargs\" must be an object of names and values")
        }
        return variables
    }

    private func message(_ item: JSONValue, number: Int) throws(EnvironmentError) -> ChatMessage {
        guard case .object(var members) = item, let role = members.removeValue(forKey: "role")?.string,
            let content = members.removeValue(forKey: "content")
        else { throw fault("message \(number) must be like {\"role\": \"user\", \"content\": \"...\"}") }
        guard let text = content.string else {
            throw fault("the content of message \(number) is no text; only texts are supported", .unsupported)
        }
        var details: [String: String] = [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard ["name", "reasoning_content"].contains(name), let text = value.string else {
                throw fault(
                    "message \(number) has \"\(name)\", which is not supported; beside role and content it may have the "
                        + "texts name and reasoning_content", .unsupported)
            }
            details[name] = text
        }
        return ChatMessage(role: role, content: text, details: details)
    }

    private func fault(_ message: String, _ code: EnvironmentError.Code = .malformedLine) -> EnvironmentError {
        EnvironmentError(code, message, place: id)
    }
}
