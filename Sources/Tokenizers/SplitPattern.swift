// The published patterns that cut text into words, known by their exact text.

/// A pattern that `WordScanner` matches.
enum SplitPattern: CaseIterable {
    /// Qwen2, Qwen2.5, Qwen3: every digit alone.
    case qwen2
    /// Llama 3: as Qwen2, with up to three digits together.
    case llama3
    /// Mistral's tekken: words end where small letters are followed by capitals; marks belong to words.
    case tekken
    /// GPT-2, which the step ByteLevel applies of itself (`use_regex`).
    case gpt2

    /// The pattern as tokenizer.json writes it.
    var text: String {
        switch self {
        case .qwen2:
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        case .llama3:
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        case .tekken:
            #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?"#
                + #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*"#
                + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
        case .gpt2:
            #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        }
    }

    /// The pattern with this text, or nil if it is none of them.
    init?(text: [UInt8]) {
        guard let known = Self.allCases.first(where: { text.elementsEqual($0.text.utf8) }) else { return nil }
        self = known
    }
}
