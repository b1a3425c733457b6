// The pre-tokenizer of Qwen2, written out as a scanner over scalars.

/// Cuts text into the words within which merges may happen.
///
/// Equals repeated leftmost matching of `WordScanner.pattern` by the engine the reference library uses. The pattern
/// matches at every position, so words cover the text without gaps.
struct WordScanner {
    /// The pattern, as Qwen2 and its successors write it in tokenizer.json.
    static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private let scalars: [UInt32]
    private let classes: [CharacterClass]
    private var position = 0
    private var end: Int { scalars.count }

    init(_ scalars: [UInt32]) {
        self.scalars = scalars
        classes = scalars.map { CharacterClass($0) }
    }

    /// The next word, or nil at the end.
    mutating func next() -> Range<Int>? {
        guard position < end else { return nil }
        let start = position
        position = endOfContraction() ?? endOfLetters() ?? endOfNumber() ?? endOfSymbols() ?? endOfSpace()
        return start..<position
    }

    private func isNewline(_ index: Int) -> Bool { scalars[index] == 0x0A || scalars[index] == 0x0D }

    /// First index from `index` on, at most `end`, that is not of the class.
    private func skip(_ wanted: CharacterClass, from index: Int) -> Int {
        var index = index
        while index < end, classes[index] == wanted { index += 1 }
        return index
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
    private func endOfContraction() -> Int? {
        guard scalars[position] == 0x27, position + 1 < end else { return nil }
        switch folded(position + 1) {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return position + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return folded(position + 2) == UInt8(ascii: "e") ? position + 3 : nil
        case UInt8(ascii: "l"): return folded(position + 2) == UInt8(ascii: "l") ? position + 3 : nil
        default: return nil
        }
    }

    /// The scalar in lower case where that is an ASCII letter. Of all others only U+017F, the long s, folds to one in use.
    private func folded(_ index: Int) -> UInt8? {
        guard index < end else { return nil }
        switch scalars[index] {
        case 0x41...0x5A: return UInt8(scalars[index] + 0x20)
        case 0x61...0x7A: return UInt8(scalars[index])
        case 0x17F: return UInt8(ascii: "s")
        default: return nil
        }
    }

    /// `[^\r\n\p{L}\p{N}]?\p{L}+`
    private func endOfLetters() -> Int? {
        switch classes[position] {
        case .letter: return skip(.letter, from: position + 1)
        case .number: return nil
        case .other, .space:
            guard !isNewline(position), position + 1 < end, classes[position + 1] == .letter else { return nil }
            return skip(.letter, from: position + 2)
        }
    }

    /// `\p{N}`
    private func endOfNumber() -> Int? {
        classes[position] == .number ? position + 1 : nil
    }

    /// ` ?[^\s\p{L}\p{N}]+[\r\n]*`
    private func endOfSymbols() -> Int? {
        let start = scalars[position] == 0x20 ? position + 1 : position
        var index = skip(.other, from: start)
        guard index > start else { return nil }
        while index < end, isNewline(index) { index += 1 }
        return index
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`, at a position that none of the other alternatives matches, hence at a space.
    private func endOfSpace() -> Int {
        let stop = skip(.space, from: position)
        if let newline = (position..<stop).last(where: isNewline) { return newline + 1 }
        // Before a word the last space is left to it, unless it is the only one.
        return stop == end || stop - position == 1 ? stop : stop - 1
    }
}
