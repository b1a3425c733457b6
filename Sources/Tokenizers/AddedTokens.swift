// Tokens that are cut out of a text before it is split into words, such as <|endoftext|>.

/// One entry of `added_tokens`.
struct AddedToken {
    var id: Int32
    /// UTF-8, as written.
    var content: [UInt8]
    /// Whether the token takes the white space before it with it.
    var stripsLeft: Bool
    /// Whether the token takes the white space after it with it.
    var stripsRight: Bool
    /// Whether it is found only where no part of a word stands before or after it.
    var isWholeWord: Bool
    /// Whether it is looked for in the normalised text instead of in the text as given.
    var isNormalised: Bool
    var isSpecial: Bool
}

/// Finds added tokens: the leftmost first, the longest of those that begin at the same place.
struct AddedTokenMatcher {
    enum Part: Equatable {
        case text(Range<Int>)
        case token(Int32)
    }

    private struct Pattern {
        var scalars: [UInt32]
        var token: AddedToken
    }

    /// Patterns by their first scalar, longest first.
    private let patterns: [UInt32: [Pattern]]
    /// Whether some pattern begins with a scalar of this low byte.
    private let begins: [Bool]

    /// - Parameter tokens: with contents that differ.
    init(_ tokens: [AddedToken]) {
        var patterns: [UInt32: [Pattern]] = [:]
        var begins = [Bool](repeating: false, count: 256)
        for token in tokens {
            let scalars = String(decoding: token.content, as: UTF8.self).unicodeScalars.map(\.value)
            guard let first = scalars.first else { continue }
            begins[Int(first & 0xFF)] = true
            patterns[first, default: []].append(Pattern(scalars: scalars, token: token))
        }
        self.patterns = patterns.mapValues { candidates in
            candidates.sorted { $0.scalars.count > $1.scalars.count }
        }
        self.begins = begins
    }

    /// Cuts `scalars` at the tokens found in it. Texts are not empty.
    func parts(of scalars: [UInt32]) -> [Part] {
        if patterns.isEmpty { return scalars.isEmpty ? [] : [.text(0..<scalars.count)] }
        var parts: [Part] = []
        var done = 0
        var index = 0
        while index < scalars.count {
            guard let pattern = pattern(at: index, in: scalars) else {
                index += 1
                continue
            }
            var start = index
            index += pattern.scalars.count
            // One that touches a word is passed over as a whole, also another token that begins inside of it.
            if pattern.token.isWholeWord, touchesWord(start..<index, in: scalars) { continue }
            // The search goes on right behind the token, even where it took white space that another token begins with.
            var stop = index
            if pattern.token.stripsLeft {
                while start > done, CharacterClass(scalars[start - 1]) == .space { start -= 1 }
            }
            if pattern.token.stripsRight {
                while stop < scalars.count, CharacterClass(scalars[stop]) == .space { stop += 1 }
            }
            if done < start { parts.append(.text(done..<start)) }
            parts.append(.token(pattern.token.id))
            done = stop
        }
        if done < scalars.count { parts.append(.text(done..<scalars.count)) }
        return parts
    }

    private func touchesWord(_ range: Range<Int>, in scalars: [UInt32]) -> Bool {
        if range.lowerBound > 0, ScalarProperties(scalars[range.lowerBound - 1]).isPartOfWord { return true }
        return range.upperBound < scalars.count && ScalarProperties(scalars[range.upperBound]).isPartOfWord
    }

    @inline(__always)
    private func pattern(at index: Int, in scalars: [UInt32]) -> Pattern? {
        guard begins[Int(scalars[index] & 0xFF)], let candidates = patterns[scalars[index]] else { return nil }
        return candidates.first { scalars[index...].starts(with: $0.scalars) }
    }
}
