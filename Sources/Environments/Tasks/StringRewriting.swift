// String rewriting: the normal form of a word under rules that shorten it.

public import ConfigCoding
public import Trajectories
import Verifiers

/// `ab>c ca>b on abab=` asks for what is left of `abab`: as long as a rule applies, the first one that does, in the
/// order written, replaces its leftmost occurrence. Every rule shortens, so this ends; an empty word is written `-`.
///
/// Level n has n + 1 rules over the letters a, b, c (and d from level 3 on) and a word of 2 n + 3 letters, at least n of
/// whose steps apply.
public struct StringRewriting: ProceduralTask {
    public let level: Int
    public let seed: UInt64
    public var name: String { "rewriting" }

    /// Reads `level` (1) in 1...5.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, seed: UInt64) throws {
        level = try section.value("level", default: 1, in: 1...5)
        self.seed = seed
    }

    public func draw(_ random: inout RandomSource) -> TaskDraw {
        let letters = Array(level >= 3 ? "abcd" : "abc")
        var result = attempt(letters, &random)
        // A few words have too few steps; the last draw stands even so.
        for _ in 0..<50 where result.steps < level { result = attempt(letters, &random) }
        return result.draw
    }

    private func attempt(_ letters: [Character], _ random: inout RandomSource) -> (draw: TaskDraw, steps: Int) {
        var rules: [(left: [Character], right: [Character])] = []
        while rules.count < level + 1 {
            let left = (0..<(2 + random.integer(below: 2))).map { _ in letters[random.integer(below: letters.count)] }
            if rules.contains(where: { $0.left == left }) { continue }
            let right = (0..<random.integer(below: left.count)).map { _ in letters[random.integer(below: letters.count)]
            }
            rules.append((left, right))
        }
        let start = (0..<(2 * level + 3)).map { _ in letters[random.integer(below: letters.count)] }
        var (word, steps) = (start, 0)
        while let next = Self.rewritten(word, rules) {
            word = next
            steps += 1
        }
        let shown = { (word: [Character]) in word.isEmpty ? "-" : String(word) }
        let list = rules.map { "\(String($0.left))>\(shown($0.right))" }.joined(separator: " ")
        return (TaskDraw(prompt: "\(list) on \(String(start))=\n", answer: shown(word)), steps)
    }

    private static func rewritten(
        _ word: [Character], _ rules: [(left: [Character], right: [Character])]
    ) -> [Character]? {
        for (left, right) in rules where word.count >= left.count {
            for start in 0...(word.count - left.count) where word[start..<(start + left.count)].elementsEqual(left) {
                return Array(word[..<start]) + right + Array(word[(start + left.count)...])
            }
        }
        return nil
    }
}
