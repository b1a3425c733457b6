// `maxwell tokenize`: texts to token ids and back.

import ArgumentParser
import ChatTemplates
import Environments
import Tokenizers
import Trajectories

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Texts to token ids, or back with --decode.",
        discussion:
            #"Reads lines like {"text": "..."} and writes {"tokens": [...]}; --decode does the reverse. Of a line like "#
            + #"{"messages": [...]} the chat template beside the tokenizer makes the text: a prompt, or, where the "#
            + #"assistant speaks last, a conversation, with "trainable": [...] for the assistant's turns."#)

    @Option(help: "A model folder with tokenizer.json, or the file itself.") var model: String
    @Option(name: .customLong("in"), help: "JSONL.") var input: String
    @Option(name: .customLong("out"), help: "JSONL; standard output if not given.") var output: String?
    @Flag(help: "Token ids to texts.") var decode = false
    @Flag(help: "With --decode, leave special tokens out.") var skipSpecialTokens = false

    struct Text: Codable { var text: String }
    struct Tokens: Codable {
        var tokens: [Int32]
        /// Whether each token belongs to a turn of the assistant.
        var trainable: [Bool]?
    }
    struct Input: Decodable {
        var text: String?
        var messages: JSONValue?
        var chatTemplateKwargs: JSONValue?
    }

    func run() throws {
        let file = model.hasSuffix(".json") ? model : model + "/tokenizer.json"
        let tokenizer = try BytePairTokenizer(file: file)
        if decode {
            let lines = try JSONLines.read(input, as: Tokens.self, example: #"{"tokens": [1, 2]}"#)
            try JSONLines.write(
                lines.map { Text(text: tokenizer.decode($0.value.tokens, skippingSpecialTokens: skipSpecialTokens)) },
                to: output)
        } else {
            let lines = try JSONLines.read(input, as: Input.self, example: #"{"text": "..."}"#)
            let folder =
                model.hasSuffix(".json")
                ? model.split(separator: "/", omittingEmptySubsequences: false)
                    .dropLast().joined(separator: "/") : model
            let hasMessages = lines.contains { $0.value.messages != nil }
            let template = try hasMessages ? ChatTemplate.load(folder: folder.isEmpty ? "." : folder) : nil
            try JSONLines.write(
                lines.map { try tokens(of: $0.value, "\(input):\($0.number)", tokenizer, template) }, to: output)
        }
    }

    private func tokens(
        of line: Input, _ place: String, _ tokenizer: BytePairTokenizer, _ template: ChatTemplate?
    ) throws -> Tokens {
        if let text = line.text, line.messages == nil { return Tokens(tokens: tokenizer.encode(text)) }
        let fields = ["messages": line.messages, "chat_template_kwargs": line.chatTemplateKwargs].compactMapValues {
            $0
        }
        let problem = Problem(id: place, prompt: "", fields: fields)
        guard line.text == nil, let messages = try problem.messages() else {
            throw CommandError("\(place): a line has either \"text\" or \"messages\"")
        }
        guard let template else {
            throw CommandError("\(place) has messages, and beside the tokenizer there is no chat template")
        }
        let encoder = ConversationEncoder(tokenizer: tokenizer, template: template)
        let variables = try problem.templateVariables()
        guard messages.last?.isAssistant == true else {
            return Tokens(tokens: try encoder.prompt(messages, variables: variables).tokens)
        }
        let masked = try encoder.masked(messages, stopTokens: [], variables: variables)
        return Tokens(tokens: masked.tokens, trainable: masked.isTrainable)
    }
}
