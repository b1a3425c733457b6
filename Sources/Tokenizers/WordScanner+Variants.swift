// The alternatives of the patterns of tekken and GPT-2 that the others do not have.

extension WordScanner {
    private func isFirstCase(_ index: Int) -> Bool { index < end && properties[index].isInFirstCase }
    private func isSecondCase(_ index: Int) -> Bool { index < end && properties[index].isInSecondCase }

    /// The first two alternatives of tekken, with U for `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` and S for
    /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: `[^\r\n\p{L}\p{N}]?U*S+|[^\r\n\p{L}\p{N}]?U+S*`.
    func endOfCasedLetters(at start: Int) -> Int? {
        // The optional character in front is taken first and given back if the rest then does not match; marks are
        // the only characters that can be either.
        let takesFront = (kind(start) == .other || kind(start) == .space) && !isNewline(start)
        if takesFront, let end = endOfSmallEnding(at: start + 1) { return end }
        if let end = endOfSmallEnding(at: start) { return end }
        if takesFront, let end = endOfCapitals(at: start + 1) { return end }
        return endOfCapitals(at: start)
    }

    /// `U*S+`
    private func endOfSmallEnding(at start: Int) -> Int? {
        var index = start
        while isFirstCase(index) { index += 1 }
        if isSecondCase(index) {
            while isSecondCase(index) { index += 1 }
            return index
        }
        // `U*` gives back until `S+` can match: up to the last character that is in both, behind which stands none of S.
        while index > start {
            index -= 1
            if isSecondCase(index) { return index + 1 }
        }
        return nil
    }

    /// `U+S*`
    private func endOfCapitals(at start: Int) -> Int? {
        guard isFirstCase(start) else { return nil }
        var index = start + 1
        while isFirstCase(index) { index += 1 }
        while isSecondCase(index) { index += 1 }
        return index
    }

    /// The whole pattern of GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
    func endOfPlainWord(at start: Int) -> Int {
        let isApostrophe = scalars[start] == 0x27
        for ending in Self.contractions where isApostrophe && scalars[start...].starts(with: ending) {
            return start + ending.count
        }
        let first = scalars[start] == 0x20 && start + 1 < end ? start + 1 : start
        let kind = kind(first)
        if kind != .space { return skip(kind, from: first) }
        return endOfSpaceBeforeWord(start..<skip(.space, from: start))
    }

    private static let contractions: [[UInt32]] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
        $0.unicodeScalars.map(\.value)
    }
}
