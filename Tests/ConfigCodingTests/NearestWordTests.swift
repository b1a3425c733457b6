// The edit distance behind "did you mean ...?".

import Testing

@testable import ConfigCoding

@Suite struct NearestWordTests {
    @Test("known distances")
    func known() {
        let cases: [(String, String, Int)] = [
            ("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("mu_neg", "mu_ngg", 1), ("mu_neg", "mu_nge", 1),
            ("ab", "ba", 1), ("abcd", "badc", 2),
        ]
        for (a, b, distance) in cases {
            #expect(editDistance(Array(a), Array(b)) == distance, "\(a) \(b)")
            #expect(editDistance(Array(b), Array(a)) == distance, "\(b) \(a)")
        }
    }

    @Test("k random edits move a word by at most k, in 2,000 cases")
    func bounded() {
        var random = SplitMix(state: 7)
        for _ in 0..<2_000 {
            let word = (0..<Int.random(in: 0...12, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            var other = word
            let edits = Int.random(in: 0...4, using: &random)
            for _ in 0..<edits {
                let position = Int.random(in: 0...other.count, using: &random)
                if position < other.count, Bool.random(using: &random) {
                    other.remove(at: position)
                } else {
                    other.insert(Int.random(in: 0...4, using: &random), at: position)
                }
            }
            let distance = editDistance(word, other)
            #expect(distance <= edits)
            #expect(distance >= abs(word.count - other.count))
            #expect((distance == 0) == (word == other))
        }
    }

    @Test("far words are not suggested")
    func far() {
        #expect(nearestWord(to: "seed", among: ["algorithm", "steps"]) == nil)
        #expect(nearestWord(to: "stepz", among: ["algorithm", "steps"]) == "steps")
        #expect(nearestWord(to: "lr", among: ["l", "r"]) == nil)
        #expect(nearestWord(to: "x", among: []) == nil)
    }
}
