// Conversations to token ids, with a mask of what the assistant says.

public import Tokenizers
public import Trajectories

/// A tokenizer and the chat template that belongs to it.
public struct ConversationEncoder: Sendable {
    public let tokenizer: BytePairTokenizer
    public let template: ChatTemplate

    public init(tokenizer: BytePairTokenizer, template: ChatTemplate) {
        self.tokenizer = tokenizer
        self.template = template
    }

    /// What the policy continues: the conversation and the beginning of the assistant's next turn.
    ///
    /// The template writes special tokens itself, so that none are added.
    /// - Throws: `ChatTemplateError`, also when there is no message or the last one is the assistant's.
    public func prompt(
        _ messages: [ChatMessage], variables: [String: JSONValue] = [:]
    ) throws(ChatTemplateError) -> (text: String, tokens: [Int32]) {
        guard let last = messages.last else { throw failure("there is no message to answer") }
        guard !last.isAssistant else {
            throw failure("the last message is the assistant's; leave it away where the policy is to speak")
        }
        let text = try template.render(messages, addsGenerationPrompt: true, variables: variables)
        return (text, tokenizer.encode(text))
    }

    /// A turn of the assistant, and all that stands before it.
    public struct Turn: Sendable, Equatable {
        public var prompt: [Int32]
        /// What is trained: from the turn's first token to its stop token.
        public var completion: [Int32]
    }

    /// A whole conversation as one sequence.
    public struct Masked: Sendable, Equatable {
        public var tokens: [Int32]
        /// True for the tokens of the assistant's turns, each up to its stop token.
        public var isTrainable: [Bool]
    }

    /// The assistant's turns, each with its own prompt.
    ///
    /// The completion of a turn is what the ids of the conversation up to and with it have beyond the ids of the prompt,
    /// as they would be sampled. The sum over turns is the loss over the mask of `masked`, because every turn sees the
    /// same tokens before it.
    /// - Parameter stopTokens: one of them must end each turn; what the template writes behind it is not trained. An
    ///   empty set trains all of the turn.
    /// - Throws: `ChatTemplateError` `.notIncremental` when the texts or ids of a turn's prompt, of the turn and of the
    ///   whole are not each the beginning of the next.
    public func turns(
        _ messages: [ChatMessage], stopTokens: Set<Int32>, variables: [String: JSONValue] = [:]
    ) throws(ChatTemplateError) -> [Turn] {
        guard messages.contains(where: \.isAssistant) else { throw failure("no message is the assistant's") }
        let whole = try template.render(messages, addsGenerationPrompt: false, variables: variables)
        let all = tokenizer.encode(whole)
        var turns: [Turn] = []
        for (index, message) in messages.enumerated() where message.isAssistant {
            guard index > 0 else { throw failure("the first message is the assistant's, with nothing before it") }
            let number = index + 1
            let before = try template.render(
                Array(messages[..<index]), addsGenerationPrompt: true, variables: variables)
            let after = try template.render(
                Array(messages[...index]), addsGenerationPrompt: false, variables: variables)
            guard after.utf8.starts(with: before.utf8), whole.utf8.starts(with: after.utf8) else {
                throw failure(
                    "the template writes the turns before or with message \(number) otherwise than in the whole "
                        + "conversation, so that no mask would show what was sampled; give each turn a line of its own",
                    .notIncremental)
            }
            let prompt = tokenizer.encode(before)
            guard !prompt.isEmpty else { throw failure("nothing stands before message \(number)") }
            let tokens = tokenizer.encode(after)
            guard tokens.starts(with: prompt), all.starts(with: tokens) else {
                throw failure(
                    "a token of message \(number) reaches over the border of its turn; take white space off the ends of "
                        + "its content", .notIncremental)
            }
            let completion = tokens.dropFirst(prompt.count)
            turns.append(Turn(prompt: prompt, completion: try trained(completion, stopTokens, number)))
        }
        return turns
    }

    /// A conversation with the mask of what is trained.
    /// - Throws: as `turns`.
    public func masked(
        _ messages: [ChatMessage], stopTokens: Set<Int32>, variables: [String: JSONValue] = [:]
    ) throws(ChatTemplateError) -> Masked {
        let turns = try turns(messages, stopTokens: stopTokens, variables: variables)
        let whole = try template.render(messages, addsGenerationPrompt: false, variables: variables)
        let tokens = tokenizer.encode(whole)
        var mask = [Bool](repeating: false, count: tokens.count)
        for turn in turns {
            for index in turn.prompt.count..<turn.prompt.count + turn.completion.count { mask[index] = true }
        }
        return Masked(tokens: tokens, isTrainable: mask)
    }

    private func trained(
        _ completion: ArraySlice<Int32>, _ stopTokens: Set<Int32>, _ number: Int
    ) throws(ChatTemplateError) -> [Int32] {
        guard !stopTokens.isEmpty else { return Array(completion) }
        guard let stop = completion.firstIndex(where: stopTokens.contains) else {
            throw failure(
                "message \(number) does not end with a stop token of the model, so that it would be taught never to "
                    + "stop; add the token that ends a turn to eos_token_id of generation_config.json", .notIncremental)
        }
        return Array(completion[...stop])
    }

    private func failure(_ message: String, _ code: ChatTemplateError.Code = .failed) -> ChatTemplateError {
        ChatTemplateError(code, message, place: template.name)
    }
}
