// The bridge between a model folder's tokenizer, its chat template and its stop tokens.

import ChatTemplates
import Environments
public import Models
public import Tokenizers
public import Trajectories

/// A tokenizer with the token that ends a text.
public struct Vocabulary: Sendable {
    public let tokenizer: BytePairTokenizer
    public let stopTokens: Set<Int32>
    /// The chat template beside the tokenizer, or why it cannot be used; nil where the folder has none. Problems with
    /// plain prompts do not need it.
    private let template: Result<ChatTemplate, any Error>?
    /// Prompts that are texts lose the tokens at their left end beyond this many; nil cuts none. `PromptFit` says when.
    public var cutLength: Int?

    /// Reads `tokenizer.json` beside the model.
    /// - Throws: the tokenizer's error; `TrainingError` when it does not fit the model.
    public init(folder: String, model: ModelConfig) throws {
        tokenizer = try BytePairTokenizer(file: folder + "/tokenizer.json")
        stopTokens = Set(model.stopTokens)
        template = Self.template(in: folder)
        guard tokenizer.vocabularySize <= model.vocabularySize else {
            throw TrainingError(
                .mismatch,
                "\(folder): the tokenizer has ids up to \(tokenizer.vocabularySize - 1), the model's vocabulary ends at "
                    + "\(model.vocabularySize - 1); they do not belong together", place: folder)
        }
    }

    private static func template(in folder: String) -> Result<ChatTemplate, any Error>? {
        do { return try ChatTemplate.load(folder: folder).map { .success($0) } } catch { return .failure(error) }
    }

    /// The ids of a completion or a part of a text, without special tokens around it.
    public func encode(_ text: String) -> [Int32] { tokenizer.encode(text) }

    /// The ids of a completion behind its prompt, as they would be sampled: without the space that some tokenizers put
    /// before every text.
    public func continuation(_ text: String) -> [Int32] { tokenizer.encode(text, continuing: true) }

    /// The ids of a text that the policy continues, with the tokens that the tokenizer puts around every text.
    public func promptTokens(_ text: String) -> [Int32] { tokenizer.encode(text, addingSpecialTokens: true) }

    /// What the policy continues: the problem with the text of its prompt, which for `messages` the chat template
    /// makes, and its ids.
    /// - Throws: `EnvironmentError` for malformed messages, `TrainingError` where the folder has no chat template, and
    ///   the template's errors.
    public func prompt(of problem: Problem) throws -> (problem: Problem, tokens: [Int32]) {
        var rendered = problem
        let tokens: [Int32]
        if let messages = try problem.messages() {
            let made = try conversations(problem).prompt(messages, variables: problem.templateVariables())
            rendered.prompt = made.text
            tokens = made.tokens
        } else {
            tokens = cut(promptTokens(problem.prompt), problem.prompt)
        }
        guard !tokens.isEmpty else {
            throw TrainingError(
                .emptyData, "\(problem.id) has a prompt of no token; there is nothing to continue", place: problem.id)
        }
        return (rendered, tokens)
    }

    /// The end of a prompt, behind the tokens that the tokenizer puts before every text.
    private func cut(_ tokens: [Int32], _ text: String) -> [Int32] {
        guard let cutLength, tokens.count > cutLength else { return tokens }
        let plain = tokenizer.encode(text)
        let before = (0...max(0, tokens.count - plain.count)).first { tokens[$0...].starts(with: plain) } ?? 0
        guard before < cutLength else { return Array(tokens.suffix(cutLength)) }
        return tokens.prefix(before) + tokens.suffix(cutLength - before)
    }

    /// The assistant's turns of a conversation, as examples to imitate.
    /// - Throws: as `prompt(of:)`; the template's error where turns are not the beginnings of the whole.
    func turns(of problem: Problem) throws -> [ConversationEncoder.Turn] {
        try conversations(problem).turns(
            problem.messages() ?? [], stopTokens: stopTokens, variables: problem.templateVariables())
    }

    private func conversations(_ problem: Problem) throws -> ConversationEncoder {
        guard let template else {
            throw TrainingError(
                .mismatch,
                "\(problem.id) has messages, and beside the tokenizer there is no chat template; add chat_template.jinja "
                    + "or write the whole text as prompt, where a recipe makes the messages with data.chat: false",
                place: problem.id)
        }
        return ConversationEncoder(tokenizer: tokenizer, template: try template.get())
    }

    /// Text of a completion without its stop token.
    public func text(of tokens: [Int32]) -> String {
        var kept = tokens
        if let last = kept.last, stopTokens.contains(last) { kept.removeLast() }
        return tokenizer.decode(kept)
    }
}
