// Spoiled tokenizer files: refused, or a tokenizer that still gives back every text.

import Testing
import Tokenizers

@Suite struct TokenizerFuzzTests {
    @Test func `a spoiled tokenizer file is refused, or its tokenizer loses no text`() throws {
        var mutation = Mutation(
            try Fuzzing.files("models/countdown-tokenizer", suffix: "tokenizer.json")
                + Fuzzing.files("Tests/TokenizersTests/Fixtures", suffix: "tokenizer.json"),
            words: [
                "\"vocab\"", "\"merges\"", "\"id\"", "\"content\"", "\"added_tokens\"", "\"type\"", "\"ByteLevel\"",
                "\"NFC\"", "\"special\":true", "\"normalized\":false", "Ġ", "[\"a\",\"b\"]", "\"a b\"", "\\u0120", "[]",
                "{}",
            ])
        mutation.maximumBytes = 40_000
        let text = "We've 3*(4+5)=27\n\n  e\u{301} 汉 🧪 <|endoftext|>\u{0}"
        Fuzzing.run("tokenizer", mutation, cases: 1_500, share: 0.5, own: [TokenizerError.self]) { bytes in
            let tokenizer = try BytePairTokenizer(json: bytes, name: "t.json")
            let ids = tokenizer.encode(text)
            try Broken.unless(
                ids.allSatisfy { 0 <= $0 && Int($0) < tokenizer.vocabularySize }, "every id lies in the vocabulary")
            // canonically equivalent, since a tokenizer may normalise
            try Broken.unless(tokenizer.decode(ids) == text, "\(tokenizer.decode(ids).debugDescription) is the text")
            _ = tokenizer.decode([-1, .max, .min, 0, Int32(clamping: tokenizer.vocabularySize)])
        }
    }
}
