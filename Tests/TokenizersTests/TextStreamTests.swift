// Decoding token by token against decoding at once, and the boundaries of characters.

import Testing

@testable import Tokenizers

@Suite("Text streams")
struct TextStreamTests {
    @Test("a character that is spread over tokens comes with its last token", arguments: ["qwen", "gemma"])
    func wholeCharacters(name: String) throws {
        let tokenizer = try FamilyFixture.tokenizer(name)
        // Byte tokens are in the order of the byte alphabet, or of the bytes.
        func id(_ byte: UInt8) throws -> Int32 {
            let digits = String(byte, radix: 16, uppercase: true)
            let written = name == "gemma" ? Array("<0x\(digits)>".utf8) : ByteAlphabet.written([byte])
            return try #require(tokenizer.id(of: String(decoding: written, as: UTF8.self)))
        }
        var stream = tokenizer.textStream()
        var pieces: [String] = []
        for byte in "🧪é".utf8 { pieces.append(stream.append(try id(byte))) }
        let end = stream.end()
        #expect(pieces == (name == "gemma" ? ["", "", "", "", "", ""] : ["", "", "", "🧪", "", "é"]))
        // A run of byte tokens is text only as a whole, so that it comes at its end.
        #expect(end == (name == "gemma" ? "🧪é" : ""))
    }

    @Test("what a stream holds back is the start of a character and nothing else")
    func incompleteSuffix() {
        // Oracle: bytes are held back if and only if some continuation makes the end of the text a character.
        var generator = SeededGenerator(state: 3)
        let edges: [UInt8] = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0]
        let more: [UInt8] = [0xF1, 0xF4, 0xF5, 0xFF]
        var held = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...5, using: &generator)
            let bytes = (0..<count).compactMap { _ in (edges + more).randomElement(using: &generator) }
            let expected = (1...3).first { length in
                length <= bytes.count && Self.canBeCompleted(Array(bytes.suffix(length)))
            }
            #expect(TextStream.incompleteSuffix(bytes) == expected ?? 0, "\(bytes)")
            held += expected ?? 0
        }
        #expect(held > 1_000)
    }

    /// Whether the bytes with one to three more are exactly one character.
    private static func canBeCompleted(_ bytes: [UInt8]) -> Bool {
        if bytes.count == 4 { return false }
        for next in [UInt8(0x80), 0x8F, 0x90, 0x9F, 0xA0, 0xBF] {
            let longer = bytes + [next]
            if let text = String(validating: longer, as: UTF8.self), text.unicodeScalars.count == 1 { return true }
            if longer.count < 4, canBeCompleted(longer) { return true }
        }
        return false
    }
}
