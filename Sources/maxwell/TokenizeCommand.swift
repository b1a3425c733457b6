// `maxwell tokenize`: texts to token ids and back.

import ArgumentParser
import Tokenizers

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Texts to token ids, or back with --decode.",
        discussion: #"Reads lines like {"text": "..."} and writes {"tokens": [...]}; --decode does the reverse."#)

    @Option(help: "A model folder with tokenizer.json, or the file itself.") var model: String
    @Option(name: .customLong("in"), help: "JSONL.") var input: String
    @Option(name: .customLong("out"), help: "JSONL; standard output if not given.") var output: String?
    @Flag(help: "Token ids to texts.") var decode = false
    @Flag(help: "With --decode, leave special tokens out.") var skipSpecialTokens = false

    struct Text: Codable { var text: String }
    struct Tokens: Codable { var tokens: [Int32] }

    func run() throws {
        let file = model.hasSuffix(".json") ? model : model + "/tokenizer.json"
        let tokenizer = try BytePairTokenizer(file: file)
        if decode {
            let lines = try JSONLines.read(input, as: Tokens.self, example: #"{"tokens": [1, 2]}"#)
            try JSONLines.write(
                lines.map { Text(text: tokenizer.decode($0.value.tokens, skippingSpecialTokens: skipSpecialTokens)) },
                to: output)
        } else {
            let lines = try JSONLines.read(input, as: Text.self, example: #"{"text": "..."}"#)
            try JSONLines.write(lines.map { Tokens(tokens: tokenizer.encode($0.value.text)) }, to: output)
        }
    }
}
