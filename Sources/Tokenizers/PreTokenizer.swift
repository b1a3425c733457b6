// How a normalised text becomes words, within which merges may happen: `pre_tokenizer` of a tokenizer.json.

/// The steps that cut text into words, in order.
struct PreTokenizer {
    /// What becomes of the places where a literal separator matches.
    enum Behaviour: String, CaseIterable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// Where Metaspace puts a mark in front.
    enum PrependScheme: String, CaseIterable {
        case always, never, first
    }

    enum Step {
        case words(SplitPattern)
        case literal([UInt32], Behaviour, inverts: Bool)
        case metaspace(mark: UInt32, PrependScheme, splits: Bool)
        case digits(Behaviour)
        /// Puts a space in front of pieces that have none; the bytes themselves are the symbol table's business.
        case prefixSpace
    }

    var steps: [Step] = []
    /// Whether words become bytes that are written in the byte alphabet.
    var isByteLevel = false

    /// Calls `body` with every word of a text.
    /// - Parameters:
    ///   - isFirst: whether the piece begins the whole text.
    ///   - isBare: whether nothing is put before its first character.
    func forEachWord(of scalars: [UInt32], isFirst: Bool, isBare: Bool = false, _ body: ([UInt32]) -> Void) {
        visit(scalars, step: 0, isFirst: isFirst, isBare: isBare, body)
    }

    private func visit(_ piece: [UInt32], step: Int, isFirst: Bool, isBare: Bool, _ body: ([UInt32]) -> Void) {
        guard !piece.isEmpty else { return }
        guard step < steps.count else { return body(piece) }
        var isFront = isBare
        func pass(_ part: some Sequence<UInt32>) {
            visit(Array(part), step: step + 1, isFirst: false, isBare: isFront, body)
            isFront = false
        }
        switch steps[step] {
        case .words(let pattern):
            var scanner = WordScanner(piece, pattern: pattern)
            while let range = scanner.next() { pass(piece[range]) }
        case .literal(let separator, let behaviour, let inverts):
            for range in behaviour.pieces(piece.matches(of: separator), inverts: inverts) { pass(piece[range]) }
        case .digits(let behaviour):
            let matches = piece.runs { ScalarProperties($0).isDigit }
            for range in behaviour.pieces(matches, inverts: false) { pass(piece[range]) }
        case .prefixSpace:
            pass(piece[0] == 0x20 || isBare ? piece : [0x20] + piece)
        case .metaspace(let mark, let scheme, let splits):
            var marked = piece.map { $0 == 0x20 ? mark : $0 }
            if marked[0] != mark, !isBare, scheme == .always || (scheme == .first && isFirst) {
                marked.insert(mark, at: 0)
            }
            guard splits else { return pass(marked) }
            for range in Behaviour.mergedWithNext.pieces(marked.matches(of: [mark]), inverts: false) {
                pass(marked[range])
            }
        }
    }
}

extension [UInt32] {
    /// A stretch of a text, and whether a separator matches it.
    typealias Stretch = (range: Range<Int>, isMatch: Bool)

    /// The whole text as matches of `separator`, from the left, and what lies between them.
    fileprivate func matches(of separator: [UInt32]) -> [Stretch] {
        var result: [Stretch] = []
        var done = 0
        var index = 0
        while index < count {
            guard self[index...].starts(with: separator) else {
                index += 1
                continue
            }
            if done < index { result.append((done..<index, false)) }
            done = index + separator.count
            result.append((index..<done, true))
            index = done
        }
        if done < count { result.append((done..<count, false)) }
        return result
    }

    /// The whole text as single scalars that match, and what lies between them.
    fileprivate func runs(_ isMatch: (UInt32) -> Bool) -> [Stretch] {
        var result: [Stretch] = []
        for (index, scalar) in enumerated() {
            if isMatch(scalar) {
                result.append((index..<index + 1, true))
            } else if let last = result.last, !last.isMatch {
                result[result.count - 1].range = last.range.lowerBound..<index + 1
            } else {
                result.append((index..<index + 1, false))
            }
        }
        return result
    }
}

extension PreTokenizer.Behaviour {
    /// The pieces that stretches become; with `inverts` matches count as what lies between, and the reverse.
    fileprivate func pieces(_ stretches: [[UInt32].Stretch], inverts: Bool) -> [Range<Int>] {
        let stretches = stretches.map { (range: $0.range, isMatch: $0.isMatch != inverts) }
        switch self {
        case .removed: return stretches.filter { !$0.isMatch }.map(\.range)
        case .isolated: return stretches.map(\.range)
        case .contiguous: return Self.joined(stretches) { $0 == $1 }
        case .mergedWithPrevious: return Self.joined(stretches) { !$0 && $1 }
        case .mergedWithNext: return Self.joined(stretches) { $0 && !$1 }
        }
    }

    /// Joins neighbours where `joins` holds of whether the left and the right one match.
    private static func joined(
        _ stretches: [(range: Range<Int>, isMatch: Bool)], where joins: (Bool, Bool) -> Bool
    ) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for (index, stretch) in stretches.enumerated() {
            if index > 0, let last = result.last, joins(stretches[index - 1].isMatch, stretch.isMatch) {
                result[result.count - 1] = last.lowerBound..<stretch.range.upperBound
            } else {
                result.append(stretch.range)
            }
        }
        return result
    }
}
