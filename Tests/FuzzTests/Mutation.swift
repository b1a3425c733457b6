// Valid inputs, spoiled: bits flipped, spans cut, doubled and exchanged, huge numbers, deep nesting, bytes that are no text.

import Trajectories

/// Makes the n-th spoiled input of a corpus: a pure function of (seed, n), so that a case is named by its number.
struct Mutation {
    /// Valid inputs.
    let corpus: [[UInt8]]
    /// What the format is made of; put in where it does not belong.
    let words: [[UInt8]]
    /// No case is longer, whatever was doubled.
    var maximumBytes = 1 << 16

    init(_ corpus: [String], words: [String]) {
        self.corpus = corpus.map { Array($0.utf8) }
        self.words = words.map { Array($0.utf8) } + Self.hostile
    }

    init(_ corpus: [[UInt8]], words: [String] = []) {
        self.corpus = corpus
        self.words = words.map { Array($0.utf8) } + Self.hostile
    }

    /// What breaks readers of any format.
    private static let hostile: [[UInt8]] =
        [
            "0", "-1", "-0", "1e999", "-1e-999", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            "18446744073709551616", "2147483648", "16777215", "0.1", "1e308", "NaN", "Infinity", "null", "true", "\"",
            "\\", "\\u0000", "\\ud800", "\\udc00\\ud800", "\u{0}", "\n", "\r", "\t", " ", "\u{FEFF}", "\u{2028}",
            "e\u{301}", "\u{1F9EA}", "{", "}", "[", "]", ":", ",", "..", "/", String(repeating: "9", count: 400),
        ].map { Array($0.utf8) } + [
            [0x80], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
        ]

    func input(_ number: Int, seed: UInt64) -> [UInt8] {
        var random = RandomSource(seed: seed, purpose: .testing, step: number)
        var bytes = corpus[random.integer(below: corpus.count)]
        // a few are left alone, so that a corpus which is not valid shows itself
        if number.isMultiple(of: 64) { return bytes }
        // Most cases keep nearly all of their form: those get furthest into a reader.
        for _ in 0...random.integer(below: random.integer(below: 4) == 0 ? 12 : 2) { spoil(&bytes, &random) }
        return bytes.count > maximumBytes ? Array(bytes[..<maximumBytes]) : bytes
    }

    private func spoil(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        let place = random.integer(below: bytes.count + 1)
        let span = place..<min(bytes.count, place + length(&random))
        switch random.integer(below: 12) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.integer(below: 8))
        case 1 where place < bytes.count: bytes[place] = UInt8(random.integer(below: 256))
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(span)
        case 4: bytes.insert(contentsOf: bytes[span], at: random.integer(below: bytes.count + 1))
        case 5:
            let other = corpus[random.integer(below: corpus.count)]
            let start = random.integer(below: other.count + 1)
            bytes.replaceSubrange(span, with: other[start..<min(other.count, start + length(&random))])
        case 6: replaceNumber(after: place, in: &bytes, &random)
        case 7: nest(at: place, in: &bytes, &random)
        case 8:
            let copies = 2 + random.integer(below: 6)
            bytes.insert(contentsOf: Array(repeating: Array(bytes[span]), count: copies).joined(), at: place)
        case 9: exchangeLines(&bytes, &random)
        case 10: bytes.replaceSubrange(span, with: words[random.integer(below: words.count)])
        default: bytes.insert(contentsOf: words[random.integer(below: words.count)], at: place)
        }
    }

    /// Mostly short, now and then long.
    private func length(_ random: inout RandomSource) -> Int {
        1 + random.integer(below: 1 << random.integer(below: 10))
    }

    /// A number where a number was.
    private func replaceNumber(after place: Int, in bytes: inout [UInt8], _ random: inout RandomSource) {
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        let digits = 1 + random.integer(below: random.integer(below: 4) == 0 ? 400 : 20)
        let huge = (0..<digits).map { _ in UInt8(ascii: "0") + UInt8(random.integer(below: 10)) }
        let small = Array(String(random.integer(below: 40)).utf8)
        bytes.replaceSubrange(start..<end, with: random.integer(below: 2) == 0 ? huge : small)
    }

    private func nest(at place: Int, in bytes: inout [UInt8], _ random: inout RandomSource) {
        let pairs = [("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("{", "}"), ("- ", ""), ("\\frac{", "}{1}"), ("-", "")]
        let (opening, closing) = pairs[random.integer(below: pairs.count)]
        let depth = 1 + random.integer(below: random.integer(below: 4) == 0 ? 6_000 : 90)
        let middle = random.integer(below: 2) == 0 ? "1" : ""
        let closed = random.integer(below: 3) > 0 ? depth : 0
        let text =
            String(repeating: opening, count: depth) + middle + String(repeating: closing, count: closed)
        bytes.insert(contentsOf: text.utf8, at: place)
    }

    private func exchangeLines(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        lines.swapAt(random.integer(below: lines.count), random.integer(below: lines.count))
        bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }
}
