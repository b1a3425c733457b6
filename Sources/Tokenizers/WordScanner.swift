// The pre-tokenizers of published families, written out as scanners over scalars.

/// Cuts text into the words within which merges may happen.
///
/// Equals repeated leftmost matching of the pattern's text by the engine the reference library uses. Every pattern
/// matches at every position, so words cover the text without gaps.
struct WordScanner {
    let pattern: SplitPattern
    let scalars: [UInt32]
    let properties: [ScalarProperties]
    private var position = 0
    var end: Int { scalars.count }

    init(_ scalars: [UInt32], pattern: SplitPattern) {
        self.pattern = pattern
        self.scalars = scalars
        properties = scalars.map { ScalarProperties($0) }
    }

    /// The next word, or nil at the end.
    mutating func next() -> Range<Int>? {
        guard position < end else { return nil }
        let start = position
        switch pattern {
        case .qwen2: position = endOfWord(at: start, digits: 1)
        case .llama3: position = endOfWord(at: start, digits: 3)
        case .tekken:
            position =
                endOfCasedLetters(at: start) ?? endOfNumber(at: start, digits: 1)
                ?? endOfSymbols(at: start, tail: Self.newlinesAndSlash) ?? endOfSpace(at: start)
        case .gpt2: position = endOfPlainWord(at: start)
        }
        return start..<position
    }

    private func endOfWord(at start: Int, digits: Int) -> Int {
        endOfContraction(at: start) ?? endOfLetters(at: start) ?? endOfNumber(at: start, digits: digits)
            ?? endOfSymbols(at: start, tail: Self.newlines) ?? endOfSpace(at: start)
    }

    static let newlines: Set<UInt32> = [0x0A, 0x0D]
    static let newlinesAndSlash: Set<UInt32> = [0x0A, 0x0D, 0x2F]

    func kind(_ index: Int) -> CharacterClass { properties[index].characterClass }

    func isNewline(_ index: Int) -> Bool { scalars[index] == 0x0A || scalars[index] == 0x0D }

    /// First index from `index` on, at most `end`, that is not of the class.
    func skip(_ wanted: CharacterClass, from index: Int) -> Int {
        var index = index
        while index < end, kind(index) == wanted { index += 1 }
        return index
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
    private func endOfContraction(at start: Int) -> Int? {
        guard scalars[start] == 0x27, start + 1 < end else { return nil }
        switch folded(start + 1) {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return folded(start + 2) == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"): return folded(start + 2) == UInt8(ascii: "l") ? start + 3 : nil
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
    private func endOfLetters(at start: Int) -> Int? {
        switch kind(start) {
        case .letter: return skip(.letter, from: start + 1)
        case .number: return nil
        case .other, .space:
            guard !isNewline(start), start + 1 < end, kind(start + 1) == .letter else { return nil }
            return skip(.letter, from: start + 2)
        }
    }

    /// `\p{N}{1,digits}`
    private func endOfNumber(at start: Int, digits: Int) -> Int? {
        var index = start
        while index < end, index - start < digits, kind(index) == .number { index += 1 }
        return index > start ? index : nil
    }

    /// ` ?[^\s\p{L}\p{N}]+[tail]*`
    func endOfSymbols(at start: Int, tail: Set<UInt32>) -> Int? {
        let first = scalars[start] == 0x20 ? start + 1 : start
        var index = skip(.other, from: first)
        guard index > first else { return nil }
        while index < end, tail.contains(scalars[index]) { index += 1 }
        return index
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`, at a position that none of the other alternatives matches, hence at a space.
    private func endOfSpace(at start: Int) -> Int {
        let stop = skip(.space, from: start)
        if let newline = (start..<stop).last(where: isNewline) { return newline + 1 }
        return endOfSpaceBeforeWord(start..<stop)
    }

    /// `\s+(?!\S)|\s+` for a whole run of spaces: before a word the last one is left to it, unless it is the only one.
    func endOfSpaceBeforeWord(_ run: Range<Int>) -> Int {
        run.upperBound == end || run.count == 1 ? run.upperBound : run.upperBound - 1
    }
}
