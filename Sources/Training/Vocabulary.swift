// The bridge between a model folder's tokenizer and its stop tokens.

public import Models
public import Tokenizers

/// A tokenizer with the token that ends a text.
public struct Vocabulary: Sendable {
    public let tokenizer: BytePairTokenizer
    public let stopTokens: Set<Int32>

    /// Reads `tokenizer.json` beside the model.
    /// - Throws: the tokenizer's error; `TrainingError` when it does not fit the model.
    public init(folder: String, model: ModelConfig) throws {
        tokenizer = try BytePairTokenizer(file: folder + "/tokenizer.json")
        stopTokens = Set(model.stopTokens)
        guard tokenizer.vocabularySize <= model.vocabularySize else {
            throw TrainingError(
                .mismatch,
                "\(folder): the tokenizer has ids up to \(tokenizer.vocabularySize - 1), the model's vocabulary ends at "
                    + "\(model.vocabularySize - 1); they do not belong together", place: folder)
        }
    }

    public func encode(_ text: String) -> [Int32] { tokenizer.encode(text) }

    /// Text of a completion without its stop token.
    public func text(of tokens: [Int32]) -> String {
        var kept = tokens
        if let last = kept.last, stopTokens.contains(last) { kept.removeLast() }
        return tokenizer.decode(kept)
    }
}
