// What holds for every tokenizer: round trips, look-ups, long words, the merge order, the demo's own file.

import Foundation
import Testing

@testable import Tokenizers

@Suite("Byte-pair tokenizer")
struct BytePairTokenizerTests {
    @Test("decoding gives back the normal form of random texts")
    func roundTrip() throws {
        let tokenizer = try Fixture.tokenizer()
        // These tokens take white space with them, or read as other bytes in the byte alphabet.
        let lossy = Set(["<left>", "<right>", "<both>", "<Ångström>"].compactMap { tokenizer.id(of: $0) })
        var compared = 0
        for hex in try Fixture.expected().random.texts {
            let text = Fixture.text(hex: hex)
            let ids = tokenizer.encode(text)
            guard lossy.isDisjoint(with: ids) else { continue }
            let expected = CanonicalComposition.normalise(text.unicodeScalars.map(\.value)[...])
            #expect(tokenizer.decode(ids).unicodeScalars.map(\.value) == expected)
            compared += 1
        }
        #expect(compared > 9_000)
    }

    @Test("tokens are found by their exact bytes")
    func lookUp() throws {
        let tokenizer = try Fixture.tokenizer()
        #expect(tokenizer.vocabularySize == 771)
        #expect(tokenizer.id(of: "<|endoftext|>") == 760)
        #expect(tokenizer.token(of: 767) == "<Ångström>")
        #expect(tokenizer.id(of: "<A\u{30A}ngström>") == nil)
        #expect(tokenizer.token(of: 771) == nil)
        #expect(tokenizer.token(of: -1) == nil)
        #expect(tokenizer.specialTokenIDs == [760, 761, 762, 764, 769])
        for id in 0..<Int32(tokenizer.vocabularySize) {
            let token = try #require(tokenizer.token(of: id))
            #expect(tokenizer.id(of: token) == id)
        }
    }

    @Test("merging equals a naive search for the lowest rank, leftmost first")
    func mergeOrder() {
        var generator = SeededGenerator(state: 7)
        for _ in 0..<1_000 {
            // A random table over four letters: ranks are unrelated to the lengths of tokens, unlike in trained files.
            var table = MergeTable()
            var merges: [[Int32]: (rank: Int, token: Int32)] = [:]
            var tokens: Int32 = 4
            var ranks = Array(0..<24).shuffled(using: &generator)
            while let rank = ranks.popLast() {
                let pair = (0..<2).map { _ in Int32.random(in: 0..<tokens, using: &generator) }
                merges[pair] = (rank, tokens)
                table.add(pair[0], pair[1], into: tokens, rank: rank)
                tokens += 1
            }
            let word = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            var symbols = word.map { Int32($0 % 4) }
            while true {
                let candidates = symbols.indices.dropLast().compactMap { index in
                    merges[[symbols[index], symbols[index + 1]]].map { (rank: $0.rank, index: index, token: $0.token) }
                }
                guard let best = candidates.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else { break }
                symbols.replaceSubrange(best.index...best.index + 1, with: [best.token])
            }
            var ids: [Int32] = []
            table.appendTokens(merging: word.map { Int32($0 % 4) }, to: &ids)
            #expect(ids == symbols)
        }
    }

    @Test("a hundred thousand letters, marks or spaces in a row are no trap", .timeLimit(.minutes(1)))
    func longWords() throws {
        let tokenizer = try Fixture.tokenizer()
        let letters = String(repeating: "the", count: 40_000)
        #expect(tokenizer.decode(tokenizer.encode(letters)) == letters)
        let marks = "a" + String(repeating: "\u{301}\u{323}", count: 50_000)
        #expect(tokenizer.encode(marks).count > 50_000)
        let spaces = String(repeating: " \n", count: 50_000) + "x"
        #expect(tokenizer.decode(tokenizer.encode(spaces)) == spaces)
    }

    @Test("the demo's tokenizer has one id for each byte and one that ends a completion")
    func demoTokenizer() throws {
        let root = Fixture.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let tokenizer = try BytePairTokenizer(
            file: root.appending(path: "models/countdown-tokenizer/tokenizer.json").path())
        #expect(tokenizer.vocabularySize == 257)
        #expect(tokenizer.specialTokenIDs == [256])
        let text = "3*7+5 = 26é"
        let ids = tokenizer.encode(text + "<|endoftext|>")
        #expect(ids.count == text.utf8.count + 1)
        #expect(ids.last == 256)
        #expect(tokenizer.decode(ids) == text + "<|endoftext|>")
        #expect(tokenizer.decode(ids, skippingSpecialTokens: true) == text)
    }
}

/// SplitMix64, so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
