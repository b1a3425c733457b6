// Encoding and decoding against what the tokenizers library answered, id for id.

import Testing

@testable import Tokenizers

@Suite("Against the reference library")
struct ReferenceParityTests {
    @Test("hand-picked texts have the same ids", arguments: ["tokenizer.json", "tokenizer-merge-strings.json"])
    func handPicked(file: String) throws {
        let tokenizer = try Fixture.tokenizer(file)
        let expected = try Fixture.expected().handPicked
        #expect(expected.texts.count > 150)
        for (text, ids) in zip(expected.texts, expected.ids) {
            #expect(tokenizer.encode(text) == Fixture.numbers(ids), "\(text.debugDescription)")
        }
    }

    @Test("with ignore_merges whole words become tokens as they do there")
    func ignoreMerges() throws {
        let json = try Fixture.altered([("\"ignore_merges\":false", "\"ignore_merges\":true")])
        let tokenizer = try BytePairTokenizer(json: json, name: "altered")
        let fixture = try Fixture.expected()
        #expect(fixture.ignoreMerges.ids != fixture.handPicked.ids)
        for (text, ids) in zip(fixture.ignoreMerges.texts, fixture.ignoreMerges.ids) {
            #expect(tokenizer.encode(text) == Fixture.numbers(ids), "\(text.debugDescription)")
        }
    }

    @Test("10,000 random texts have the same ids")
    func randomTexts() throws {
        let tokenizer = try Fixture.tokenizer()
        let expected = try Fixture.expected().random
        #expect(expected.texts.count == 10_000)
        var differing: [String] = []
        for (hex, ids) in zip(expected.texts, expected.ids)
        where tokenizer.encode(Fixture.text(hex: hex)) != Fixture.numbers(ids) { differing.append(hex) }
        #expect(differing.isEmpty, "\(differing.count) differ, the first are \(differing.prefix(5))")
    }

    @Test("10,000 random texts are cut into the same words")
    func randomWords() throws {
        let expected = try Fixture.expected().random
        var differing: [String] = []
        for (hex, pieces) in zip(expected.texts, expected.pieces)
        where Self.wordLengths(Self.normalised(Fixture.text(hex: hex))) != Fixture.numbers(pieces) {
            differing.append(hex)
        }
        #expect(differing.isEmpty, "\(differing.count) differ, the first are \(differing.prefix(5))")
    }

    @Test("random id sequences, valid and invalid UTF-8, have the same text, with and without special tokens")
    func decoding() throws {
        let tokenizer = try Fixture.tokenizer()
        let expected = try Fixture.expected().decoding
        #expect(expected.ids.count > 2_000)
        for (index, words) in expected.ids.enumerated() {
            let ids = Fixture.numbers(words)
            // Bytes, because String equality would forgive another normal form.
            let whole = Array(tokenizer.decode(ids).utf8)
            let plain = Array(tokenizer.decode(ids, skippingSpecialTokens: true).utf8)
            #expect(whole == Array(Fixture.text(hex: expected.texts[index]).utf8), "\(words)")
            #expect(plain == Array(Fixture.text(hex: expected.textsWithoutSpecial[index]).utf8), "\(words)")
        }
    }

    @Test("every Unicode scalar is normalised and classed alike, in several neighbourhoods")
    func everyScalar() throws {
        let checksums = try Fixture.expected().scalarChecksums
        #expect(checksums.count == 272)
        let placeholder = UInt32(UInt8(ascii: "#"))
        let neighbourhoods = "# a#\u{301}#\u{345}#\u{334}x'#x  ##1#\n'l#xr'#ex!#\n #".unicodeScalars.map(\.value)
        for (block, checksum) in checksums.enumerated() {
            var text: [UInt32] = []
            for value in UInt32(block) * 4096..<UInt32(block + 1) * 4096 where Unicode.Scalar(value) != nil {
                for neighbour in neighbourhoods { text.append(neighbour == placeholder ? value : neighbour) }
            }
            let normalised = CanonicalComposition.normalise(text[...])
            var sum = CyclicRedundancyCheck()
            var bytes: [UInt8] = []
            for scalar in normalised { appendUTF8(scalar, to: &bytes) }
            for byte in bytes { sum.add(byte) }
            for length in Self.wordLengths(normalised) {
                for shift in stride(from: 0, to: 32, by: 8) { sum.add(UInt8(truncatingIfNeeded: length >> shift)) }
            }
            #expect(sum.value == UInt32(checksum, radix: 16), "scalars from U+\(String(block * 4096, radix: 16))")
        }
    }

    private static func normalised(_ text: String) -> [UInt32] {
        CanonicalComposition.normalise(text.unicodeScalars.map(\.value)[...])
    }

    /// Bytes of each word.
    private static func wordLengths(_ scalars: [UInt32]) -> [Int32] {
        var scanner = WordScanner(scalars, pattern: .qwen2)
        var lengths: [Int32] = []
        while let range = scanner.next() {
            var bytes: [UInt8] = []
            for scalar in scalars[range] { appendUTF8(scalar, to: &bytes) }
            lengths.append(Int32(bytes.count))
        }
        return lengths
    }
}

/// CRC-32 as zlib computes it.
private struct CyclicRedundancyCheck {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    private var state: UInt32 = 0xFFFF_FFFF
    var value: UInt32 { ~state }

    mutating func add(_ byte: UInt8) {
        state = Self.table[Int((state ^ UInt32(byte)) & 0xFF)] ^ state >> 8
    }
}
