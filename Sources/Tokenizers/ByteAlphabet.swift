// The character that stands for each byte in the vocabulary of a byte-level tokenizer, and scalars as UTF-8.

/// The bijection between bytes and printable characters that byte-level vocabularies are written in.
///
/// The printable bytes of Latin-1 stand for themselves; the 68 others are U+0100, U+0101, ... in ascending order.
enum ByteAlphabet {
    /// The scalar that stands for each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return UInt32(byte)
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    /// The byte that each scalar below U+0144 stands for.
    private static let bytes: [UInt8?] = {
        var result = [UInt8?](repeating: nil, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { result[Int(scalar)] = UInt8(byte) }
        return result
    }()

    /// The bytes that a token stands for: its own UTF-8 where one of its characters is not of the alphabet.
    static func bytes(ofToken token: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(token.count)
        for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
            guard scalar.value < 0x144, let byte = bytes[Int(scalar.value)] else { return token }
            result.append(byte)
        }
        return result
    }

    /// Bytes as they are written in the vocabulary, in UTF-8.
    static func written(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes { appendUTF8(scalars[Int(byte)], to: &result) }
        return result
    }
}

/// Appends the UTF-8 of a scalar value, which must not be a surrogate.
func appendUTF8(_ scalar: UInt32, to bytes: inout [UInt8]) {
    func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
    switch scalar {
    case 0..<0x80:
        bytes.append(UInt8(truncatingIfNeeded: scalar))
    case 0x80..<0x800:
        bytes.append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
        bytes.append(continuation(0))
    case 0x800..<0x10000:
        bytes.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
        bytes.append(continuation(6))
        bytes.append(continuation(0))
    default:
        bytes.append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
        bytes.append(continuation(12))
        bytes.append(continuation(6))
        bytes.append(continuation(0))
    }
}
