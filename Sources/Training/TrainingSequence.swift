// A sequence to train on: a prompt that is only read, and tokens that are trained.

/// Prompt and trainable tokens of one completion.
public struct TrainingSequence: Sendable, Equatable {
    public var prompt: [Int32]
    public var tokens: [Int32]

    public init(prompt: [Int32], tokens: [Int32]) {
        precondition(!prompt.isEmpty, "the first trained token needs something before it")
        self.prompt = prompt
        self.tokens = tokens
    }

    /// Rows a forward pass needs beside the prompt's: the last token is predicted, never read.
    public var completionRows: Int { max(0, tokens.count - 1) }

    /// Positions of a context that the sequence fills.
    var inputLength: Int { prompt.count + completionRows }
}
