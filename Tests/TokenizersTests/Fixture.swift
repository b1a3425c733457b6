// What tools/reference/tokenizer.py wrote, as Swift values.

import Foundation
import Tokenizers

/// Fixtures/expected.json.
struct Expected: Decodable {
    struct Texts: Decodable {
        var texts: [String]
        var ids: [String]
    }

    struct RandomTexts: Decodable {
        var texts: [String]
        var ids: [String]
        var pieces: [String]
    }

    struct Decoding: Decodable {
        var ids: [String]
        var texts: [String]
        var textsWithoutSpecial: [String]
    }

    var handPicked: Texts
    var ignoreMerges: Texts
    var random: RandomTexts
    var decoding: Decoding
    var scalarChecksums: [String]
}

enum Fixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func path(_ name: String) -> String { folder.appending(path: name).path() }

    static func expected() throws -> Expected {
        try JSONDecoder().decode(Expected.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
    }

    static func tokenizer(_ name: String = "tokenizer.json") throws -> BytePairTokenizer {
        try BytePairTokenizer(file: path(name))
    }

    /// tokenizer.json with parts of its text replaced; each must occur.
    static func altered(_ replacements: [(String, String)]) throws -> [UInt8] {
        var text = String(decoding: try Data(contentsOf: folder.appending(path: "tokenizer.json")), as: UTF8.self)
        for (old, new) in replacements {
            guard let range = text.range(of: old) else { throw Missing(text: old) }
            text.replaceSubrange(range, with: new)
        }
        return Array(text.utf8)
    }

    struct Missing: Error {
        var text: String
    }

    static func numbers(_ text: String) -> [Int32] { text.split(separator: " ").compactMap { Int32($0) } }

    /// Text from the hexadecimal form of its UTF-8.
    static func text(hex: String) -> String {
        let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
