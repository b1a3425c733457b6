// Every sentence with which a tokenizer file is refused.

import Testing

@testable import Tokenizers

@Suite("Refused tokenizer files")
struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var old: String
        var new: String
        var code: TokenizerError.Code
        var sentence: String
        var testDescription: String { sentence }
    }

    @Test(
        "what is not supported is named by its JSON path",
        arguments: [
            Case(
                old: "\"version\":\"1.0\"", new: "\"version\":\"2.0\"", code: .unsupported,
                sentence: "version is \"2.0\"; only \"1.0\" is supported (t.json:version)"),
            Case(
                old: "\"truncation\":null", new: "\"truncation\":{\"max_length\":4}", code: .unsupported,
                sentence: "truncation is set, but length is the caller's business; set it to null (t.json:truncation)"),
            Case(
                old: "\"type\":\"NFC\"", new: "\"type\":\"NFKC\"", code: .unsupported,
                sentence:
                    "normalizer.type is \"NFKC\"; supported are Sequence, NFC, Prepend, Replace, Lowercase or Strip "
                    + "(t.json:normalizer.type)"),
            Case(
                old: "\"type\":\"Sequence\"", new: "\"type\":\"Whitespace\"", code: .unsupported,
                sentence:
                    "pre_tokenizer.type is \"Whitespace\"; supported are Sequence, Split, ByteLevel, Metaspace or "
                    + "Digits (t.json:pre_tokenizer.type)"),
            Case(
                old: "\"type\":\"Split\"", new: "\"type\":\"Punctuation\"", code: .unsupported,
                sentence: "pre_tokenizer.pretokenizers[0].type is \"Punctuation\"; supported are Sequence, Split, "
                    + "ByteLevel, Metaspace or Digits (t.json:pre_tokenizer.pretokenizers[0].type)"),
            Case(
                old: "\"Regex\":\"", new: "\"Regex\":\"\\\\d+\",\"x\":\"", code: .unsupported,
                sentence: "pre_tokenizer.pretokenizers[0].pattern.Regex is a pattern that is not known, \\d+; known "
                    + "are those of Qwen2, Llama 3, tekken and GPT-2 "
                    + "(t.json:pre_tokenizer.pretokenizers[0].pattern.Regex)"),
            Case(
                old: "\"behavior\":\"Isolated\"", new: "\"behavior\":\"Removed\"", code: .unsupported,
                sentence: "pre_tokenizer.pretokenizers[0].behavior is \"Removed\"; only \"Isolated\" is supported "
                    + "(t.json:pre_tokenizer.pretokenizers[0].behavior)"),
            Case(
                old: "\"type\":\"BPE\"", new: "\"type\":\"Unigram\"", code: .unsupported,
                sentence: "model.type is \"Unigram\"; only \"BPE\" is supported (t.json:model.type)"),
            Case(
                old: "\"dropout\":null", new: "\"dropout\":0.1", code: .unsupported,
                sentence: "model.dropout must be null: tokenization here is deterministic (t.json:model.dropout)"),
            Case(
                old: "\"unk_token\":null", new: "\"unk_token\":\"!\"", code: .unsupported,
                sentence: "model.unk_token must be null: a byte-level vocabulary knows every text "
                    + "(t.json:model.unk_token)"),
            Case(
                old: "\"byte_fallback\":false", new: "\"byte_fallback\":true", code: .unsupported,
                sentence: "model.byte_fallback is true; only false is supported (t.json:model.byte_fallback)"),
            Case(
                old: "\"end_of_word_suffix\":\"\"", new: "\"end_of_word_suffix\":\"</w>\"", code: .unsupported,
                sentence: "model.end_of_word_suffix is \"</w>\"; only \"\" is supported "
                    + "(t.json:model.end_of_word_suffix)"),
            Case(
                old: "<Ångström>", new: "<A\u{30A}ngström>", code: .unsupported,
                sentence:
                    "added_tokens[7] is normalized, but the normalizer changes its content; set normalized to false "
                    + "(t.json:added_tokens[7])"),
            Case(
                old: "\"decoder\":{\"type\":\"ByteLevel\"", new: "\"decoder\":{\"type\":\"CTC\"", code: .unsupported,
                sentence: "decoder.type is \"CTC\"; supported are Sequence, ByteLevel, Replace, ByteFallback, Fuse, "
                    + "Strip or Metaspace (t.json:decoder.type)"),
            Case(
                old: "\"post_processor\":{\"type\":\"ByteLevel\"",
                new: "\"post_processor\":{\"type\":\"BertProcessing\"", code: .unsupported,
                sentence: "post_processor.type is \"BertProcessing\"; supported are Sequence, ByteLevel or "
                    + "TemplateProcessing (t.json:post_processor.type)"),
            Case(
                old: "\"!\":0,", new: "", code: .unsupported,
                sentence: "model.vocab has no token for byte 33, so some texts would lose characters "
                    + "(t.json:model.vocab)"),
            Case(
                old: "\"#\":2,", new: "\"#\":1,", code: .inconsistent,
                sentence: "the document has a second entry for token \"#\" or id 1 in model.vocab (t.json)"),
            Case(
                old: "\"#\":2,", new: "\"#\":9999999,", code: .inconsistent,
                sentence:
                    "the document gives token \"#\" the id 9999999 in model.vocab, which has 760 entries; ids below "
                    + "77696 are read (t.json)"),
            Case(
                old: "\"#\":2,", new: "\"#\":99999999999,", code: .malformed,
                sentence: "model.vocab[\"#\"] must be a token id, an integer in 0..<16777216 "
                    + "(t.json:model.vocab[\"#\"])"),
            Case(
                old: "\"merges\":[", new: "\"merges\":[[\"!\",\"zzz\"],", code: .inconsistent,
                sentence: "model.merges[0] needs \"zzz\", which is not in model.vocab (t.json:model.merges[0])"),
            Case(
                old: "\"merges\":[", new: "\"merges\":[\"a b c\",", code: .malformed,
                sentence: "model.merges[0] must be two tokens separated by one space (t.json:model.merges[0])"),
            Case(
                old: "\"id\":760", new: "\"id\":990", code: .inconsistent,
                sentence: "added_tokens[1] has id 761 where the next free id is 760 (t.json:added_tokens[1])"),
            Case(
                old: "\"content\":\"<|im_start|>\"", new: "\"content\":\"<|endoftext|>\"", code: .inconsistent,
                sentence: "added_tokens[1] has id 761, but its content already has id 760 (t.json:added_tokens[1])"),
            Case(
                old: "\"content\":\"<|im_start|>\"", new: "\"content\":\"\"", code: .malformed,
                sentence: "added_tokens[1].content must not be empty (t.json:added_tokens[1].content)"),
            Case(
                old: "\"decoder\":{", new: "\"decoder\":null,\"x\":{", code: .malformed,
                sentence: "the document has no value for \"decoder\" (t.json)"),
            Case(
                old: "\"normalizer\":{", new: "\"normalizer\":{,", code: .syntax,
                sentence: "the file is not JSON: a key in quotes is missing (t.json:1)"),
        ])
    func refused(_ refusal: Case) throws {
        let json = try Fixture.altered([(refusal.old, refusal.new)])
        let error = try #require(throws: TokenizerError.self) { try BytePairTokenizer(json: json, name: "t.json") }
        #expect(error.description == refusal.sentence)
        #expect(error.code == refusal.code)
    }

    @Test("a missing file is one sentence with its cause")
    func missingFile() throws {
        let error = try #require(throws: TokenizerError.self) { try BytePairTokenizer(file: "no/such/tokenizer.json") }
        #expect(error.code == .unreadable)
        #expect(error.cause != nil)
        #expect(
            error.description == "the tokenizer file cannot be read; check that it exists (no/such/tokenizer.json)")
    }

    @Test("no prefix and no truncated or altered byte of a file crashes the reader")
    func damagedFiles() throws {
        let json = try Fixture.altered([])
        for length in stride(from: 0, to: json.count, by: 23) {
            #expect(throws: TokenizerError.self) { try BytePairTokenizer(json: json[..<length], name: "cut") }
        }
        var generator = SeededGenerator(state: 11)
        for _ in 0..<1_000 {
            var damaged = json
            damaged[Int.random(in: 0..<json.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            // Some damage is harmless; all other must be an error of this module.
            do { _ = try BytePairTokenizer(json: damaged, name: "damaged") } catch { #expect(error is TokenizerError) }
        }
    }
}
