// JSON with byte-exact strings and ordered objects: Swift's String keys would merge canonically equivalent tokens.

/// A JSON value whose strings are UTF-8 bytes.
package enum JSONNode {
    case null
    case bool(Bool)
    case integer(Int)
    /// A number with a fraction or an exponent, or too large for `Int`.
    case real(Double)
    case string([UInt8])
    case array([JSONNode])
    case object([(key: [UInt8], value: JSONNode)])

    /// - Throws: `TokenizerError` (`syntax`) naming the line.
    package static func parse(_ bytes: [UInt8], name: String) throws(TokenizerError) -> JSONNode {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw TokenizerError(code: .syntax, message: "the file is not valid UTF-8, which JSON must be", place: name)
        }
        var reader = JSONReader(bytes: bytes, name: name)
        return try reader.document()
    }
}

/// A recursive descent over the bytes of one document.
private struct JSONReader {
    /// As deep as the reference library reads.
    static let deepest = 127

    let bytes: [UInt8]
    let name: String
    var position = 0

    init(bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    mutating func document() throws(TokenizerError) -> JSONNode {
        let node = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("there is text after the JSON value") }
        return node
    }

    private func failure(_ message: String) -> TokenizerError {
        let line = bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") } + 1
        return TokenizerError(code: .syntax, message: "the file is not JSON: \(message)", place: "\(name):\(line)")
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(TokenizerError) {
        guard take(byte) else { throw failure("'\(Character(Unicode.Scalar(byte)))' is missing") }
    }

    private mutating func value(depth: Int) throws(TokenizerError) -> JSONNode {
        guard depth <= Self.deepest else { throw failure("it is nested more than \(Self.deepest) levels deep") }
        skipSpace()
        guard let first = peek else { throw failure("it ends where a value should begin") }
        switch first {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("a value cannot begin like this")
        }
    }

    private mutating func word(_ word: String, _ node: JSONNode) throws(TokenizerError) -> JSONNode {
        for byte in word.utf8 where !take(byte) { throw failure("expected \(word)") }
        return node
    }

    private mutating func object(depth: Int) throws(TokenizerError) -> JSONNode {
        var members: [(key: [UInt8], value: JSONNode)] = []
        position += 1
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw failure("a key in quotes is missing") }
            let key = try string()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            members.append((key, try value(depth: depth + 1)))
            skipSpace()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return .object(members)
    }

    private mutating func array(depth: Int) throws(TokenizerError) -> JSONNode {
        var elements: [JSONNode] = []
        position += 1
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return .array(elements)
    }

    private mutating func digits() throws(TokenizerError) {
        let start = position
        while let byte = peek, byte >= 0x30, byte <= 0x39 { position += 1 }
        guard position > start else { throw failure("a digit is missing") }
    }

    private mutating func number() throws(TokenizerError) -> JSONNode {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if let byte = peek, byte >= 0x30, byte <= 0x39 { throw failure("a number has a leading zero") }
        } else {
            try digits()
        }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let value = Int(text) { return .integer(value) }
        guard let value = Double(text) else { throw failure("\(text) is not a number") }
        return .real(value)
    }

    private mutating func string() throws(TokenizerError) -> [UInt8] {
        position += 1
        var result: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return result
            case UInt8(ascii: "\\"): try escape(into: &result)
            case 0..<0x20: throw failure("a string contains a raw control character")
            default: result.append(byte)
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escape(into result: inout [UInt8]) throws(TokenizerError) {
        guard let byte = peek else { throw failure("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"): appendUTF8(try escapedScalar(), to: &result)
        default: throw failure("a string has an unknown escape")
        }
    }

    /// The scalar of `\uXXXX`, or of two of them that form a surrogate pair.
    private mutating func escapedScalar() throws(TokenizerError) -> UInt32 {
        let first = try fourHexDigits()
        guard (0xD800..<0xE000).contains(first) else { return first }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw failure("a string has half of a surrogate pair")
        }
        let second = try fourHexDigits()
        guard (0xDC00..<0xE000).contains(second) else { throw failure("a string has half of a surrogate pair") }
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    private mutating func fourHexDigits() throws(TokenizerError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("\\u needs four hexadecimal digits")
            }
            position += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
