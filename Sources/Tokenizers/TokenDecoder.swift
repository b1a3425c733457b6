// How tokens become text again: `decoder` of a tokenizer.json.

/// The supported decoders: ByteLevel alone, or steps on single tokens, then bytes of `<0x..>` tokens, then the joined
/// text.
struct TokenDecoder {
    /// A step on one token's text.
    enum TokenStep {
        case replace([UInt32], with: [UInt32])
        /// Marks become spaces, or, in the first token, vanish.
        case metaspace(mark: UInt32, dropsFirst: Bool)
        /// Takes up to `count` of a character off the front.
        case strip(UInt32, count: Int)
    }

    /// Whether tokens are written in the byte alphabet; then there is no other step.
    var isByteLevel = false
    var steps: [TokenStep] = []
    /// Whether runs of tokens `<0x00>` to `<0xFF>` are the bytes of characters.
    var readsBytes = false
    /// What is taken off the front of the whole text: a character, and how often at most.
    var front: (scalar: UInt32, count: Int)?
    private var isFused = false

    /// The bytes a token stands for; for a byte-level decoder the tokens' own, otherwise UTF-8 after `steps`.
    func bytes(of token: [UInt8], isFirst: Bool) -> [UInt8] {
        if isByteLevel { return ByteAlphabet.bytes(ofToken: token) }
        if steps.isEmpty { return token }
        var scalars = String(decoding: token, as: UTF8.self).unicodeScalars.map(\.value)
        for step in steps {
            switch step {
            case .replace(let old, let new): scalars = scalars.replacing(old, with: new)
            case .metaspace(let mark, let dropsFirst):
                scalars = scalars.compactMap { $0 != mark ? $0 : isFirst && dropsFirst ? nil : 0x20 }
            case .strip(let scalar, let count):
                var left = count
                while left > 0, scalars.first == scalar {
                    scalars.removeFirst()
                    left -= 1
                }
            }
        }
        var bytes: [UInt8] = []
        for scalar in scalars { appendUTF8(scalar, to: &bytes) }
        return bytes
    }

    /// The byte that a token `<0x41>` stands for, with the digits that Rust's parser takes, hence also `<0x+5>`.
    func fallbackByte(of bytes: [UInt8]) -> UInt8? {
        guard readsBytes, bytes.count == 6, bytes.starts(with: "<0x".utf8), bytes[5] == UInt8(ascii: ">") else {
            return nil
        }
        return UInt8(String(decoding: bytes[3..<5], as: UTF8.self), radix: 16)
    }

    /// - Throws: `TokenizerError` naming the step or setting that is not supported.
    init(_ field: JSONField) throws(TokenizerError) {
        try read(field)
    }

    private mutating func read(_ field: JSONField) throws(TokenizerError) {
        let type = try field.required("type")
        let kind = try type.string()
        if isByteLevel { throw type.failure(.unsupported, "follows a step ByteLevel, which must be alone") }
        if isFused || readsBytes, ["Replace", "Metaspace", "ByteFallback", "ByteLevel"].contains(kind) {
            throw type.failure(.unsupported, "is \"\(kind)\" after ByteFallback or Fuse, where only Strip is supported")
        }
        switch kind {
        case "Sequence": for step in try field.required("decoders").elements() { try read(step) }
        case "ByteLevel":
            guard steps.isEmpty else { throw type.failure(.unsupported, "is ByteLevel, which must be alone") }
            isByteLevel = true
        case "ByteFallback": readsBytes = true
        case "Fuse": isFused = true
        case "Metaspace":
            let (mark, scheme) = try field.metaspace()
            steps.append(.metaspace(mark: mark, dropsFirst: scheme != .never))
        case "Replace":
            let (old, new) = try field.replacement()
            steps.append(.replace(old, with: new))
        case "Strip": try readStrip(field)
        default: throw try type.unsupportedStep("Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip or Metaspace")
        }
    }

    private mutating func readStrip(_ field: JSONField) throws(TokenizerError) {
        let content = try field.required("content")
        let scalars = try content.scalars()
        guard scalars.count == 1 else { throw content.failure(.malformed, "must be one character") }
        let stop = try field.required("stop")
        guard case .integer(0) = stop.node else {
            throw stop.failure(.unsupported, "must be 0: the ends of texts are not cut")
        }
        let count = Int(try field.required("start").tokenID())
        if !isFused {
            if readsBytes { throw content.failure(.unsupported, "is stripped between ByteFallback and Fuse") }
            steps.append(.strip(scalars[0], count: count))
        } else if front != nil {
            throw content.failure(.unsupported, "is stripped a second time after Fuse")
        } else {
            front = (scalars[0], count)
        }
    }
}
