// A text behind another one: the space that some tokenizers put before every text must not stand in the middle.

import Foundation
import Testing
import Tokenizers
import Trajectories

@Suite struct ContinuationTests {
    static let words = ["What", "is", "2+2", "Zoë", "漢字", "a", "the", "Mär", "x=3,", "sum"]

    private func tokenizer(_ name: String) throws -> BytePairTokenizer {
        try BytePairTokenizer(file: Fixture.path("families/\(name).json"))
    }

    @Test(arguments: ["llama2", "mistral", "gpt2", "gemma", "qwen"])
    func `where a whole text begins with its front's ids, the rest are those of its end as a continuation`(
        name: String
    ) throws {
        let tokenizer = try tokenizer(name)
        var compared = 0
        for seed in UInt64(0)..<400 {
            var random = RandomSource(seed: seed, purpose: .testing)
            func text() -> String {
                (0...random.integer(below: 5)).map { _ in Self.words[random.integer(below: Self.words.count)] }
                    .joined(separator: " ")
            }
            let (front, end) = (text() + (seed % 2 == 0 ? "=" : "\n"), text())
            let (whole, before) = (tokenizer.encode(front + end), tokenizer.encode(front))
            let behind = tokenizer.encode(end, continuing: true)
            #expect(tokenizer.decode(before + behind).hasSuffix(front + end), "seed \(seed)")
            guard whole.starts(with: before) else { continue }
            #expect(behind == Array(whole.dropFirst(before.count)), "seed \(seed)")
            compared += 1
        }
        #expect(compared > 200, "\(compared)")
    }

    @Test(arguments: ["llama2", "mistral", "gpt2"])
    func `only a text that stands alone gets a space in front`(name: String) throws {
        let tokenizer = try tokenizer(name)
        let mark = name == "gpt2" ? "Ġ" : "▁"
        for word in ["4", "a", "x=3"] {
            let (alone, behind) = (tokenizer.encode(word), tokenizer.encode(word, continuing: true))
            #expect(tokenizer.token(of: alone[0])?.hasPrefix(mark) == true)
            #expect(tokenizer.token(of: behind[0])?.hasPrefix(mark) == false)
            #expect(tokenizer.encode(" " + word, continuing: true) != behind)
        }
        #expect(tokenizer.encode("", continuing: true).isEmpty)
    }
}
