// CRC-32, the checksum of checkpoint manifests: the one of zlib, gzip and PNG, so that any tool can recompute it.

/// CRC-32 with the reflected polynomial EDB88320, eight bytes a turn.
struct Checksum {
    private var state: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~state }

    /// `value` as eight lower-case hexadecimal digits.
    var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state = Checksum.table.withUnsafeBufferPointer { table in
            var crc = state
            var index = 0
            while index + 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let mixed = word ^ UInt64(crc)
                crc = 0
                for byte in 0..<8 {
                    crc ^= table[(7 - byte) << 8 | Int(truncatingIfNeeded: mixed >> (8 * UInt64(byte)) & 0xFF)]
                }
                index += 8
            }
            while index < bytes.count {
                crc = table[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ crc >> 8
                index += 1
            }
            return crc
        }
    }

    /// Row j holds the effect of a byte that j zero bytes follow.
    private static let table: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            table[byte] = (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1) * 0xEDB8_8320 }
        }
        for index in 256..<table.count {
            let previous = table[index - 256]
            table[index] = previous >> 8 ^ table[Int(previous & 0xFF)]
        }
        return table
    }()
}

extension Checksum {
    /// Size and checksum of a file, read in pieces; `flushing` also makes the file durable.
    static func ofFile(_ path: String, flushing: Bool = false) throws -> (bytes: Int, text: String) {
        let file = try FileDescriptor(.read, path, trying: "read")
        var checksum = Checksum()
        var bytes = 0
        try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
            while case let count = try file.read(into: buffer), count > 0 {
                checksum.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                bytes += count
            }
        }
        if flushing { try file.synchronise() }
        return (bytes, checksum.text)
    }
}
