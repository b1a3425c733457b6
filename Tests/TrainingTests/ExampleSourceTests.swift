// What a supervised run imitates: of a conversation exactly the assistant's turns, id by id.

import ConfigCoding
import Environments
import Foundation
import Models
import Testing
import Tokenizers
import Trajectories

@testable import Training

@Suite struct ExampleSourceTests {
    /// The ids of a text without merges, looked up character by character in the vocabulary.
    private func ids(_ text: String, _ tokenizer: BytePairTokenizer) throws -> [Int32] {
        try text.map { character in
            let token = character == "\n" ? "Ċ" : character == " " ? "Ġ" : String(character)
            return try #require(tokenizer.id(of: token))
        }
    }

    private func source(_ lines: [String], _ start: borrowing WarmStart, data: String = "") throws -> ExampleSource {
        let file = start.scratch("examples.jsonl")
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: file))
        let yaml = "{output: o, model: {path: \(start.model)}, examples: \(file)\(data)}"
        return try ExampleSource(try SupervisedConfig(try ConfigSection.parse(yaml, name: "sft.yaml")))
    }

    @Test func `both turns of the assistant are trained, each up to the token that ends it, and nothing else`() throws {
        let start = try WarmStart()
        try Data(
            ("{% for m in messages %}<{{ m.role[0] }}>{{ m.content }}{% if m.role == 'assistant' %}<|endoftext|>{% endif %}{{ '\\n' }}"
                + "{% endfor %}{% if add_generation_prompt %}<a>{% endif %}").utf8
        ).write(to: URL(filePath: start.model + "/chat_template.jinja"))
        let vocabulary = try Vocabulary(folder: start.model, model: try ModelConfig(folder: start.model))
        let line =
            #"{"messages": [{"role": "user", "content": "1 2"}, {"role": "assistant", "content": "3"}, "#
            + #"{"role": "user", "content": "4"}, {"role": "assistant", "content": "5 6"}]}"#
        let sequences = try source([line], start).sequences(at: 0, vocabulary, contextLength: 200)
        let stop = try #require(vocabulary.tokenizer.id(of: "<|endoftext|>"))
        let first = try ids("<u>1 2\n<a>", vocabulary.tokenizer)
        let second = try first + ids("3", vocabulary.tokenizer) + [stop] + ids("\n<u>4\n<a>", vocabulary.tokenizer)
        #expect(sequences.map(\.prompt) == [first, second])
        let answers = try [ids("3", vocabulary.tokenizer) + [stop], ids("5 6", vocabulary.tokenizer) + [stop]]
        #expect(sequences.map(\.tokens) == answers)
    }

    @Test func `a published file of questions and solutions is imitated by its mapping, without what is held out`()
        throws
    {
        let start = try WarmStart()
        let vocabulary = try Vocabulary(folder: start.model, model: try ModelConfig(folder: start.model))
        let lines = (1...9).map { #"{"q": "\#($0)", "a": "=\#($0)"}"# }
        let data = #", data: {fields: {prompt: q, completion: a}, template: "<{prompt}>", held_out: 0.3}"#
        let source = try source(lines, start, data: data)
        let seen = try (0..<9).map { try source.sequences(at: $0, vocabulary, contextLength: 32)[0] }
        let stop = try #require(vocabulary.stopTokens.first)
        for sequence in seen {
            let number = String(vocabulary.tokenizer.decode(sequence.prompt).dropFirst().dropLast())
            #expect(sequence.prompt == (try ids("<\(number)>", vocabulary.tokenizer)))
            #expect(sequence.tokens == (try ids("=\(number)", vocabulary.tokenizer)) + [stop])
        }
        #expect((1..<9).contains(Set(seen.map(\.prompt)).count), "the held-out ones never come")
        #expect(throws: ConfigError.self) { try self.source(lines, start, data: ", data: {order: {name: shuffled}}") }
    }
}
