// Decoding one token at a time, so that no half of a character is ever handed out.

/// The text of a sequence of tokens, as it grows.
///
/// The pieces joined are the text of all ids (`BytePairTokenizer.decode`). A character whose bytes are spread over
/// tokens comes with the last of them; a run of byte tokens (`<0xE2>`) comes when it ends, because one bad byte makes
/// all of its bytes U+FFFD.
public struct TextStream: Sendable {
    private let tokenizer: BytePairTokenizer
    private let skipsSpecialTokens: Bool
    /// Bytes whose character is not complete yet.
    private var pending: [UInt8] = []
    /// Bytes of the run of byte tokens that has not ended.
    private var run: [UInt8] = []
    private var isFirst = true
    /// How many characters may still be taken off the front of the text.
    private var front: Int

    init(_ tokenizer: BytePairTokenizer, skippingSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        skipsSpecialTokens = skippingSpecialTokens
        front = tokenizer.decoder.front?.count ?? 0
    }

    /// What the next token adds to the text. Ids without a token add nothing.
    public mutating func append(_ id: Int32) -> String {
        guard let token = tokenizer.piece(of: id, isFirst: isFirst),
            !(skipsSpecialTokens && tokenizer.specialTokenIDs.contains(id))
        else { return "" }
        isFirst = false
        if let byte = tokenizer.decoder.fallbackByte(of: token) {
            run.append(byte)
            return ""
        }
        endRun()
        pending.append(contentsOf: token)
        return taken(upTo: pending.count - Self.incompleteSuffix(pending))
    }

    /// What is left when no token follows. Bytes that are not UTF-8 become U+FFFD, one for each maximal piece of a
    /// character.
    public mutating func end() -> String {
        endRun()
        return taken(upTo: pending.count)
    }

    /// A run is text as a whole, or as many U+FFFD as it has bytes.
    private mutating func endRun() {
        guard !run.isEmpty else { return }
        if String(validating: run, as: UTF8.self) != nil {
            pending.append(contentsOf: run)
        } else {
            for _ in run { appendUTF8(0xFFFD, to: &pending) }
        }
        run.removeAll(keepingCapacity: true)
    }

    private mutating func taken(upTo count: Int) -> String {
        guard count > 0 else { return "" }
        var text = String(decoding: pending[..<count], as: UTF8.self)
        pending.removeFirst(count)
        if front > 0, let scalar = tokenizer.decoder.front?.scalar {
            let scalars = text.unicodeScalars
            let stripped = scalars.prefix(front).prefix { $0.value == scalar }.count
            front = stripped < scalars.count ? 0 : front - stripped
            text = String(scalars.dropFirst(stripped))
        }
        return text
    }

    /// How many bytes at the end begin a character that further bytes may complete, 0 to 3 (The Unicode Standard,
    /// table 3-7).
    static func incompleteSuffix(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let lead = bytes[bytes.count - length]
            if lead & 0xC0 == 0x80 { continue }
            let wanted = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 ? 2 : 1
            guard lead <= 0xF4, length < wanted else { return 0 }
            guard length > 1 else { return length }
            let second = bytes[bytes.count - length + 1]
            switch lead {
            case 0xE0: return second >= 0xA0 ? length : 0
            case 0xED: return second < 0xA0 ? length : 0
            case 0xF0: return second >= 0x90 ? length : 0
            case 0xF4: return second < 0x90 ? length : 0
            default: return length
            }
        }
        return 0
    }
}
