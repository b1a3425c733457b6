// How token arrays, texts and problem fields become SQLite values, and back.

import GRDB
import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

enum DatabaseValues {
    static func blob(_ numbers: [Int32]) -> Data {
        numbers.map(\.littleEndian).withUnsafeBytes { Data($0) }
    }

    static func blob(_ numbers: [Float]) -> Data {
        blob(numbers.map { Int32(bitPattern: $0.bitPattern) })
    }

    /// nil if the size is not a whole number of entries.
    static func integers(_ blob: Data) -> [Int32]? {
        guard blob.count.isMultiple(of: 4) else { return nil }
        return blob.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 4).map {
                Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self))
            }
        }
    }

    static func integers(_ column: String, of row: Row) -> [Int32]? {
        (value(column, of: row) as Data?).flatMap(integers)
    }

    static func floats(_ blob: Data) -> [Float]? {
        integers(blob)?.map { Float(bitPattern: UInt32(bitPattern: $0)) }
    }

    static func text(_ text: String) -> DatabaseValue {
        text.utf8.contains(0) ? Data(text.utf8).databaseValue : text.databaseValue
    }

    static func text(_ value: DatabaseValue) -> String? {
        switch value.storage {
        case .string(let text): text
        case .blob(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// A column as what it should be; nil if it is something else, as in a damaged file, where GRDB's subscripts would
    /// end the program.
    static func value<Value: DatabaseValueConvertible>(_ column: String, of row: Row) -> Value? {
        (row[column] as DatabaseValue?).flatMap(Value.fromDatabaseValue)
    }

    /// Keys sorted, so that equal fields are equal text.
    static func json(_ fields: [String: JSONValue]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(fields), as: UTF8.self)
    }

    static func fields(_ json: String) -> [String: JSONValue]? {
        try? JSONDecoder().decode([String: JSONValue].self, from: Data(json.utf8))
    }
}
