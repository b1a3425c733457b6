// Which part of a completion is its answer.

/// Finds the final answer in a text, in time linear in its length.
public enum AnswerExtraction {
    /// Where answers are accepted.
    public enum Place: String, Sendable, CaseIterable {
        /// Only in the last `\boxed{}`.
        case boxed
        /// In the last `\boxed{}`, else behind the last `####`, else behind the last "answer is" or "answer:", else in
        /// the last formula, else the last number.
        case anywhere
    }

    /// The longest answer, in bytes.
    static let maximumBytes = 2_000
    /// Boxes looked at, from the end.
    private static let maximumBoxes = 16

    /// The candidates in the order of preference: the first that can be read is the answer. Only what follows the last
    /// `</think>` counts.
    public static func candidates(in text: String, place: Place = .anywhere) -> [String] {
        let bytes = Array(afterThinking(text).utf8)[...]
        if let boxed = boxed(in: bytes) { return [boxed] }
        guard place == .anywhere else { return [] }
        if let mark = lastRange(of: "####", in: bytes) { return phrases(string(line(bytes[mark.upperBound...]))) }
        if let phrase = answerPhrase(in: bytes) {
            let found = phrases(phrase)
            if !found.isEmpty { return found }
        }
        if let formula = lastFormula(in: bytes) { return [formula] }
        return lastNumber(in: bytes).map { [$0] } ?? []
    }

    // MARK: Boxes

    /// The content of the last box that ends; boxes right before it, with nothing but commas or "and" between, join it.
    private static func boxed(in bytes: ArraySlice<UInt8>) -> String? {
        var rest = bytes
        var contents: [String] = []
        var start: Int?
        let names = lastRange(of: #"\fbox"#, in: rest) == nil ? [#"\boxed"#] : [#"\boxed"#, #"\fbox"#]
        for _ in 0..<maximumBoxes {
            guard
                let mark = names.compactMap({ lastRange(of: $0, in: rest) }).max(by: { $0.lowerBound < $1.lowerBound })
            else { break }
            rest = bytes[..<mark.lowerBound]
            guard let (content, end) = braced(bytes[mark.upperBound...]) else { continue }
            if let start {
                guard end <= start else { continue }
                let gap = string(bytes[end..<start]).lowercased().filter { !" ,;$\n\\".contains($0) }
                guard gap.isEmpty || gap == "and" else { break }
            }
            contents.append(content)
            start = mark.lowerBound
        }
        return contents.isEmpty ? nil : contents.reversed().joined(separator: ", ")
    }

    /// The content of the braces that begin here, and where they end.
    private static func braced(_ bytes: ArraySlice<UInt8>) -> (String, end: Int)? {
        var index = bytes.startIndex
        while index < bytes.endIndex, bytes[index] == 0x20 { index += 1 }
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "{") else { return nil }
        let start = index + 1
        var depth = 0
        while index < bytes.endIndex, index - start <= maximumBytes {
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return (string(bytes[start..<index]), index + 1) }
            default: break
            }
            index += 1
        }
        return nil
    }

    // MARK: Phrases

    /// What follows the last "answer is", "answer:" or "answer =" on its line.
    static func answerPhrase(in text: String) -> String? { answerPhrase(in: Array(afterThinking(text).utf8)[...]) }

    /// What follows the last `</think>`; the whole text without one.
    static func afterThinking(_ text: String) -> String {
        let bytes = Array(text.utf8)[...]
        guard let end = lastRange(of: "</think>", in: bytes) else { return text }
        return string(bytes[end.upperBound...])
    }

    private static func answerPhrase(in bytes: ArraySlice<UInt8>) -> String? {
        let lower = ArraySlice(bytes.map { (65...90).contains($0) ? $0 + 32 : $0 })
        var rest = lower
        for _ in 0..<maximumBoxes {
            guard let mark = lastRange(of: "answer", in: rest) else { return nil }
            rest = lower[..<mark.lowerBound]
            var index = mark.upperBound
            func skip(_ characters: String) {
                while index < lower.endIndex, characters.utf8.contains(lower[index]) { index += 1 }
            }
            skip(" *_")
            let start = index
            if lower[index...].starts(with: "is".utf8) { index += 2 }
            skip(" *:=\n")
            guard index > start else { continue }
            let offset = bytes.startIndex - lower.startIndex
            return string(line(bytes[(index + offset)...]))
        }
        return nil
    }

    /// The sentence at the start of a line; then the formula in it, then the number at its start.
    private static func phrases(_ line: String) -> [String] {
        var sentence = line
        if let end = line.range(of: ". ") { sentence = String(line[..<end.lowerBound]) }
        let trimmed = sentence.trimmed
        guard !trimmed.isEmpty else { return [] }
        var candidates = [trimmed]
        if let formula = lastFormula(in: ArraySlice(Array(trimmed.utf8))) {
            // A phrase with a formula: words around it explain.
            candidates.insert(formula, at: 0)
        }
        if let word = trimmed.split(separator: " ").first { candidates.append(String(word).trimmed) }
        return candidates
    }

    /// The last formula between dollars, `\(`, `\)` or `\[`, `\]`.
    private static func lastFormula(in bytes: ArraySlice<UInt8>) -> String? {
        var best: Range<Int>?
        for (open, close) in [(#"\("#, #"\)"#), (#"\["#, #"\]"#)] {
            guard let end = lastRange(of: close, in: bytes),
                let start = lastRange(of: open, in: bytes[..<end.lowerBound])
            else { continue }
            if best.map({ start.upperBound > $0.lowerBound }) ?? true { best = start.upperBound..<end.lowerBound }
        }
        let dollars = bytes.indices.filter {
            bytes[$0] == UInt8(ascii: "$") && ($0 == bytes.startIndex || bytes[$0 - 1] != UInt8(ascii: "\\"))
        }
        var index = dollars.count - 1
        // Dollars pair from the start; an odd one out at the end opens nothing.
        if dollars.count % 2 == 1 { index -= 1 }
        while index > 0 {
            let content = (dollars[index - 1] + 1)..<dollars[index]
            if !content.isEmpty {
                if best.map({ content.lowerBound > $0.lowerBound }) ?? true { best = content }
                break
            }
            index -= 1
        }
        guard let best, best.count <= maximumBytes else { return nil }
        let formula = string(bytes[best]).trimmed
        return formula.isEmpty ? nil : formula
    }

    /// The last number, with its sign, fraction and percent sign.
    private static func lastNumber(in bytes: ArraySlice<UInt8>) -> String? {
        let isDigit = { (index: Int) in bytes.indices.contains(index) && (48...57).contains(bytes[index]) }
        guard var end = bytes.lastIndex(where: { (48...57).contains($0) }) else { return nil }
        var start = end
        let inner = Array(".,/".utf8)
        while end - start <= maximumBytes,
            isDigit(start - 1)
                || (start - 1 >= bytes.startIndex && inner.contains(bytes[start - 1]) && isDigit(start - 2))
        {
            start -= 1
        }
        if start - 1 >= bytes.startIndex, bytes[start - 1] == UInt8(ascii: "-"), !isDigit(start - 2) { start -= 1 }
        if end + 1 < bytes.endIndex, bytes[end + 1] == UInt8(ascii: "%") { end += 1 }
        return string(bytes[start...end])
    }

    // MARK: Bytes

    private static func line(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes[..<(bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex)].prefix(maximumBytes)
    }

    private static func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func lastRange(of text: String, in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        let pattern = Array(text.utf8)
        guard bytes.count >= pattern.count else { return nil }
        var start = bytes.endIndex - pattern.count
        while start >= bytes.startIndex {
            if bytes[start] == pattern[0], bytes[start..<(start + pattern.count)].elementsEqual(pattern) {
                return start..<(start + pattern.count)
            }
            start -= 1
        }
        return nil
    }
}

extension String {
    /// Without white space, emphasis and final punctuation.
    var trimmed: String {
        var result = self[...]
        while let first = result.first, first.isWhitespace || first == "*" || first == ":" { result.removeFirst() }
        while let last = result.last, last.isWhitespace || "*.,;:".contains(last) { result.removeLast() }
        return String(result)
    }

    /// The first place of a short text.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
