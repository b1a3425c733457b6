// The tokens that a word begins as, before any merge: its bytes, or its characters.

/// First symbols of words.
enum SymbolTable {
    /// The token of each of the 256 bytes.
    case bytes([Int32])
    case characters(CharacterSymbols)
}

/// Characters as tokens, with bytes and an unknown token for those that have none.
struct CharacterSymbols {
    private var tokens: [UInt32: Int32] = [:]
    /// The tokens `<0x00>` to `<0xFF>` where the model falls back on them; nil where there is none.
    private var fallback: [Int32?] = []
    private let unknown: Int32?
    private let fusesUnknown: Bool

    /// - Throws: `TokenizerError` when the unknown token is missing, or a text could lose characters.
    init(_ file: TokenizerFile, _ ids: [[UInt8]: Int32]) throws(TokenizerError) {
        for (token, id) in file.vocabulary {
            let scalars = String(decoding: token, as: UTF8.self).unicodeScalars
            if let scalar = scalars.first, scalars.count == 1 { tokens[scalar.value] = id }
        }
        if file.fallsBackOnBytes { fallback = (0..<256).map { ids[Self.byteToken(UInt8($0))] } }
        unknown = try file.unknownToken.map { (field) throws(TokenizerError) -> Int32 in
            guard let id = ids[try field.bytes()] else { throw field.failure(.inconsistent, "is not in model.vocab") }
            return id
        }
        fusesUnknown = file.fusesUnknown
        if unknown == nil, fallback.isEmpty || fallback.contains(nil) {
            throw try file.root.required("model").failure(
                .unsupported, "has no unk_token and not all 256 byte tokens, so some texts would lose characters")
        }
    }

    private static func byteToken(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16, uppercase: true)
        return Array("<0x\(digits.count < 2 ? "0" : "")\(digits)>".utf8)
    }

    /// The first symbols of a word.
    func symbols(of word: [UInt32]) -> [Int32] {
        var symbols: [Int32] = []
        symbols.reserveCapacity(word.count)
        // As in the reference library an unknown token waits for the next known character, also behind byte tokens.
        var waiting: Int32?
        var bytes: [UInt8] = []
        for scalar in word {
            if let token = tokens[scalar] {
                if let waiting { symbols.append(waiting) }
                waiting = nil
                symbols.append(token)
                continue
            }
            if !fallback.isEmpty {
                bytes.removeAll(keepingCapacity: true)
                appendUTF8(scalar, to: &bytes)
                let found = bytes.compactMap { fallback[Int($0)] }
                if found.count == bytes.count {
                    symbols.append(contentsOf: found)
                    continue
                }
            }
            if let waiting, !fusesUnknown { symbols.append(waiting) }
            waiting = unknown
        }
        if let waiting { symbols.append(waiting) }
        return symbols
    }
}
