// `maxwell logprobs`: exact statistics of given tokens under a model.

import ArgumentParser
import Models
import Training

struct LogprobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logprobs", abstract: "log p, entropy, S* and E[S] of every token of given texts.",
        discussion: """
            Reads lines with "prompt" and "completion" (texts), or "text", or "tokens" (ids), or "prompt_tokens" and "tokens". Of a \
            "text" or of "tokens" alone the first token is only read. Writes tokens, logprobs, entropy, discriminant, \
            expected_discriminant, all over the tokens that were scored.
            """)

    @OptionGroup var modelOptions: ModelOptions
    @Option(name: .customLong("in"), help: "JSONL.") var input: String
    @Option(name: .customLong("out"), help: "JSONL; standard output if not given.") var output: String?
    @Option(help: "Divides the logits.") var temperature = 1.0
    @Option(help: "Tokens of one forward pass; a shared prompt counts once.") var microBatchTokens = 8192

    private static let example = #"{"prompt": "...", "completion": "..."}"#

    struct Line: Decodable {
        var prompt, completion, text: String?
        var promptTokens, tokens: [Int32]?
    }

    struct Scored: Encodable {
        var tokens: [Int32]
        var logprobs, entropy, discriminant, expectedDiscriminant: [Float]
    }

    func validate() throws {
        guard temperature > 0, temperature.isFinite, microBatchTokens >= 1 else {
            throw ValidationError("--temperature and --micro-batch-tokens must be positive")
        }
    }

    func run() throws {
        let lines = try JSONLines.read(input, as: Line.self, example: Self.example)
        let (model, vocabulary) = try modelOptions.load()
        let sequences = try lines.map { try sequence($0.value, vocabulary, model.config, line: $0.number) }
        let statistics = try PolicyUpdater(
            model: model, temperature: temperature, microBatchTokens: microBatchTokens
        ).statistics(of: sequences)
        var start = 0
        let scored = sequences.map { sequence in
            let range = start..<(start + sequence.tokens.count)
            start = range.upperBound
            return Scored(
                tokens: sequence.tokens, logprobs: Array(statistics.logprob[range]),
                entropy: Array(statistics.entropy[range]), discriminant: Array(statistics.discriminant[range]),
                expectedDiscriminant: Array(statistics.expectedDiscriminant[range]))
        }
        try JSONLines.write(scored, to: output)
    }

    private func sequence(_ line: Line, _ vocabulary: Vocabulary, _ config: ModelConfig, line number: Int) throws
        -> TrainingSequence
    {
        var prompt = line.promptTokens ?? line.prompt.map(vocabulary.promptTokens) ?? []
        let text = line.completion ?? line.text
        var tokens = line.tokens ?? text.map(prompt.isEmpty ? vocabulary.encode : vocabulary.continuation) ?? []
        if prompt.isEmpty, !tokens.isEmpty { prompt = [tokens.removeFirst()] }
        let place = "\(input):\(number)"
        guard !tokens.isEmpty else {
            throw CommandError("\(place) has no token to score; each line must be like \(Self.example)")
        }
        if let bad = (prompt + tokens).first(where: { $0 < 0 || $0 >= config.vocabularySize }) {
            throw CommandError("\(place) has token \(bad), the model's vocabulary ends at \(config.vocabularySize - 1)")
        }
        let length = prompt.count + tokens.count
        guard length <= config.contextLength else {
            throw CommandError("\(place) has \(length) tokens, the model's context holds \(config.contextLength)")
        }
        return TrainingSequence(prompt: prompt, tokens: tokens)
    }
}
