// How the lines of a published file become problems: which of its fields is what, and what is written around a prompt.

public import ConfigCoding
import Trajectories

/// Names of fields, the form of the answer, and what surrounds a prompt.
///
///     fields: {prompt: question, answer: reward_model.ground_truth}
///     answer_from: hashes
///     template: "{prompt}\nPut your answer in \\boxed{}."
///     chat: true
///
/// A path goes into objects by dots; of a list of paths the first one that a line has counts. Fields that are not named
/// keep their names. A prompt that is a list is a conversation, as under `messages`, and is left as it is; template, `chat`
/// and `system` shape prompts that are texts.
public struct ProblemMapping: Sendable, Equatable {
    /// A field of problems and where lines may have it.
    public struct Field: Sendable, Equatable {
        public var name: String
        /// Dotted paths, in the order they are tried.
        public var paths: [String]

        public init(_ name: String, from paths: [String]) {
            self.name = name
            self.paths = paths
        }
    }

    public var fields: [Field]
    public var answerForm: AnswerForm
    /// The text of a prompt, with `{prompt}` where the file's own stands.
    public var template: String?
    /// Whether the text becomes the user's message, for the chat template of the model.
    public var isChat: Bool
    /// The system's message before it.
    public var system: String?

    /// Where the prompt stands in a template.
    static let mark = "{prompt}"

    /// Lines as they are, unless something is given.
    public init(
        fields: [Field] = [], answerForm: AnswerForm = .whole, template: String? = nil, isChat: Bool = false,
        system: String? = nil
    ) {
        self.fields = fields
        self.answerForm = answerForm
        self.template = template
        self.isChat = isChat
        self.system = system
    }

    /// Reads `fields`, `answer_from` (whole), `template`, `chat` (false) and `system`.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        let names = try section.section("fields")
        fields = try names.keys.map { name in
            let paths = try names.oneOrMore(name, as: String.self)
            guard !paths.isEmpty, !paths.contains("") else {
                throw names.fault(.wrongType, name, "must name a field of the file's lines, or a list of them")
            }
            return Field(name, from: paths)
        }
        answerForm = try section.choice("answer_from", default: .whole)
        template = try section.optional("template", as: String.self)
        isChat = try section.value("chat", default: false)
        system = try section.optional("system", as: String.self)
        if let template, !template.contains(Self.mark) {
            throw section.fault(.outOfRange, "template", "must contain \(Self.mark), where the problem's prompt stands")
        }
        if system != nil, !isChat {
            throw section.fault(
                .outOfRange, "system", "needs chat: true; a prompt that is a text has no system message")
        }
    }

    /// A line with the fields that problems have, the answer taken out of its solution.
    /// - Throws: `EnvironmentError` `.malformedLine` for a field or an answer that is not there.
    func renamed(_ line: [String: JSONValue], place: String) throws(EnvironmentError) -> [String: JSONValue] {
        var result = line
        for field in fields {
            let (value, path) = try find(field, in: line, place: place)
            if ["prompt", "messages"].contains(field.name) {
                for name in ["prompt", "messages", path] where !fields.contains(where: { $0.name == name }) {
                    result[name] = nil
                }
            }
            result[field.name] = value
        }
        guard answerForm != .whole else { return result }
        guard let text = result["answer"]?.string else {
            throw EnvironmentError(
                .malformedLine,
                "answer_from: \(answerForm.rawValue) needs a text as \"answer\"; say with fields.answer which field holds it",
                place: place)
        }
        guard let answer = answerForm.answer(in: text) else {
            throw EnvironmentError(
                .malformedLine,
                "the answer has no \(answerForm.sign), which answer_from: \(answerForm.rawValue) looks for",
                place: place)
        }
        result["answer"] = .string(answer)
        return result
    }

    /// The text of a prompt, or the conversation that it becomes.
    func shaped(_ prompt: String) -> (prompt: String, messages: JSONValue?) {
        let text = template?.replacing(Self.mark, with: prompt) ?? prompt
        guard isChat else { return (text, nil) }
        func message(_ role: String, _ content: String) -> JSONValue {
            .object(["role": .string(role), "content": .string(content)])
        }
        return ("", .array((system.map { [message("system", $0)] } ?? []) + [message("user", text)]))
    }

    private func find(
        _ field: Field, in line: [String: JSONValue], place: String
    ) throws(EnvironmentError) -> (value: JSONValue, path: String) {
        for path in field.paths {
            if let value = Self.value(at: path, in: line), value != .null { return (value, path) }
        }
        let wanted = field.paths.map { "\"\($0)\"" }.joined(separator: " or ")
        throw EnvironmentError(
            .malformedLine,
            "the line has no \(wanted), from which fields.\(field.name) is read; "
                + Self.advice(for: field.paths.first ?? field.name, in: line), place: place)
    }

    private static func value(at path: String, in line: [String: JSONValue]) -> JSONValue? {
        // A name may itself contain dots.
        if let value = line[path] { return value }
        var value = JSONValue.object(line)
        for name in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard case .object(let members) = value, let next = members[String(name)] else { return nil }
            value = next
        }
        return value
    }

    /// What the deepest object that the path reaches has, and which of it was perhaps meant.
    private static func advice(for path: String, in line: [String: JSONValue]) -> String {
        var members = line
        var reached = ""
        for name in path.split(separator: ".").map(String.init) {
            if case .object(let inner)? = members[name] {
                members = inner
                reached += (reached.isEmpty ? "" : ".") + name
                continue
            }
            let owner = reached.isEmpty ? "it" : reached
            let names = members.keys.sorted()
            let has = names.isEmpty ? "nothing" : names.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
            let guess = nearestWord(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
            return "\(owner) has \(has)\(names.count > 12 ? ", ..." : "")\(guess)"
        }
        return "it has nothing there"
    }
}
