// Conversations to ids and masks, and the conversations for which no honest mask exists.

import Foundation
import Testing
import Tokenizers
import Trajectories

@testable import ChatTemplates

@Suite struct ConversationEncoderTests {
    /// A tokenizer of the fixtures of `TokenizersTests`, with a token that ends turns.
    static func encoder(_ name: String, template: String) throws -> ConversationEncoder {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let tokenizer = try BytePairTokenizer(
            file: tests.appending(path: "TokenizersTests/Fixtures/families/\(name).json").path())
        return ConversationEncoder(tokenizer: tokenizer, template: try ChatTemplate(source: template, name: "t"))
    }

    static let plain =
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
    static let talk = [
        ChatMessage(role: "user", content: "What is 2+2?"), ChatMessage(role: "assistant", content: "It is 4."),
        ChatMessage(role: "user", content: "Sure?"), ChatMessage(role: "assistant", content: "Quite sure, Zoë."),
    ]

    @Test(arguments: ["qwen", "llama3", "tekken", "llama2", "mistral", "gemma"])
    func `the mask covers the assistant's turns up to the stop token, and nothing else`(_ name: String) throws {
        let encoder = try Self.encoder(name, template: Self.plain)
        let stop = try #require(encoder.tokenizer.id(of: "<|end|>"))
        let masked = try encoder.masked(Self.talk, stopTokens: [stop])
        #expect(
            masked.tokens
                == encoder.tokenizer.encode(try encoder.template.render(Self.talk, addsGenerationPrompt: false)))
        // Oracle: decoding the runs of the mask gives what the assistant said.
        var runs: [[Int32]] = [[]]
        for (token, isTrainable) in zip(masked.tokens, masked.isTrainable) {
            if isTrainable {
                runs[runs.count - 1].append(token)
            } else if runs.last?.isEmpty == false {
                runs.append([])
            }
        }
        // A tokenizer that puts a space before each text takes it off again.
        let said = runs.dropLast(runs.last?.isEmpty == true ? 1 : 0).map { run in
            encoder.tokenizer.decode(run).trimmingCharacters(in: .whitespaces)
        }
        #expect(said == ["It is 4.<|end|>", "Quite sure, Zoë.<|end|>"])
    }

    @Test func `turns are the mask cut into prompts and completions`() throws {
        let encoder = try Self.encoder("qwen", template: Self.plain)
        let stop = try #require(encoder.tokenizer.id(of: "<|end|>"))
        let masked = try encoder.masked(Self.talk, stopTokens: [stop])
        let turns = try encoder.turns(Self.talk, stopTokens: [stop])
        #expect(turns.count == 2)
        for turn in turns {
            let whole = turn.prompt + turn.completion
            #expect(Array(masked.tokens.prefix(whole.count)) == whole)
            #expect(turn.completion.last == stop)
        }
        #expect(turns.reduce(0) { $0 + $1.completion.count } == masked.isTrainable.count { $0 })
        #expect(turns[0].prompt == (try encoder.prompt(Array(Self.talk[..<1])).tokens))
        // Without a stop token the newline behind it is trained as well.
        let open = try encoder.turns(Self.talk, stopTokens: [])
        #expect(open[0].completion.count == turns[0].completion.count + 1)
    }

    @Test func `what cannot be masked is refused in one sentence`() throws {
        func sentence(_ template: String, _ messages: [ChatMessage], stop: Set<Int32> = []) throws -> String {
            let encoder = try Self.encoder("qwen", template: template)
            return try #require(throws: ChatTemplateError.self) {
                try encoder.turns(messages, stopTokens: stop)
            }.description
        }
        // Thoughts of earlier turns are dropped, as in Qwen3.
        let forgetful = Self.plain.replacingOccurrences(
            of: "{{ m.content }}", with: "{{ m.content if loop.last else m.content.split('.')[0] }}")
        #expect(
            try sentence(forgetful, Self.talk)
                == "the template writes the turns before or with message 2 otherwise than in the whole conversation, so that "
                + "no mask would show what was sampled; give each turn a line of its own (t)")
        var blank = Self.talk
        blank[1].content = "\nIt is 4."
        let border = Self.plain.replacingOccurrences(of: "<|assistant|>\n", with: "<|assistant|>\n")
        #expect(
            try sentence(border, blank)
                == "a token of message 2 reaches over the border of its turn; take white space off the ends of its content (t)"
        )
        #expect(
            try sentence(Self.plain, Self.talk, stop: [0]).hasPrefix(
                "message 2 does not end with a stop token of the model"))
        #expect(try sentence(Self.plain, []) == "no message is the assistant's (t)")
        #expect(
            try sentence(Self.plain, Array(Self.talk[1...]))
                == "the first message is the assistant's, with nothing before it (t)")
        let encoder = try Self.encoder("qwen", template: Self.plain)
        #expect(throws: ChatTemplateError.self) { try encoder.prompt(Self.talk) }
        #expect(throws: ChatTemplateError.self) { try encoder.prompt([]) }
    }

    @Test func `a folder's template is found where transformers looks for it`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "template-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        func text() throws -> String? {
            try ChatTemplate.load(folder: folder.path())?.render(Array(Self.talk[..<1]), addsGenerationPrompt: true)
        }
        #expect(try text() == nil)
        try write(#"{"bos_token": {"content": "<s>"}, "eos_token": null}"#, "tokenizer_config.json")
        #expect(try text() == nil)
        let named =
            #"[{"name": "tool_use", "template": "t"}, {"name": "default", "template": "{{ bos_token }}d{{ eos_token }}"}]"#
        try write(#"{"bos_token": {"content": "<s>"}, "chat_template": "# + named + "}", "tokenizer_config.json")
        #expect(try text() == "<s>d")
        try write(#"{"bos_token": "<b>", "chat_template": "c{{ bos_token }}"}"#, "tokenizer_config.json")
        #expect(try text() == "c<b>")
        try write("{{ bos_token }}{{ messages[0].content }}", "chat_template.jinja")
        #expect(try text() == "<b>What is 2+2?")
        try write(#"{"chat_template": [{"name": "rag", "template": "t"}]}"#, "tokenizer_config.json")
        try FileManager.default.removeItem(at: folder.appending(path: "chat_template.jinja"))
        #expect(throws: TokenizerError.self) { try text() }
    }
}
