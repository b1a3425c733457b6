// JSON Lines in and out for the file commands: one object a line, bad lines named by number, output atomic.

import Foundation
import Runs

enum JSONLines {
    /// Decodes every non-blank line of a file, with its number.
    /// - Throws: `CommandError` for an unreadable or empty file, or naming the malformed line.
    static func read<Line: Decodable>(_ path: String, as type: Line.Type, example: String) throws
        -> [(number: Int, value: Line)]
    {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandError("cannot read \(path): no readable file there")
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var lines: [(number: Int, value: Line)] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            do {
                lines.append((index + 1, try decoder.decode(Line.self, from: Data(line))))
            } catch {
                throw CommandError("\(path):\(index + 1): not an object like \(example)")
            }
        }
        guard !lines.isEmpty else { throw CommandError("\(path) holds no lines; each must be like \(example)") }
        return lines
    }

    /// Encodes one object a line.
    static func encode(_ lines: [some Encodable]) throws -> Data {
        let encoder = jsonEncoder([])
        var data = Data()
        for line in lines {
            data += try encoder.encode(line)
            data.append(UInt8(ascii: "\n"))
        }
        return data
    }

    /// Refuses a device or a pipe: a rename would put a regular file in its place, for root also in that of /dev/null.
    static func refuseSpecialFile(_ path: String) throws {
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        guard let type, type != .typeRegular, type != .typeSymbolicLink else { return }
        throw CommandError(
            "cannot write \(path): it is not a regular file; leave --out away to write to standard output")
    }

    /// Writes to a file whole or not at all, or to standard output when no path is given.
    static func write(_ lines: [some Encodable], to path: String?) throws {
        let data = try encode(lines)
        if let path {
            try refuseSpecialFile(path)
            try AtomicFile.write(data, to: path)
        } else {
            try FileHandle.standardOutput.write(contentsOf: data)
        }
    }
}

/// The one way results become JSON: snake case, sorted keys, numbers that are not finite as texts.
func jsonEncoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
}

/// Prints one object to standard output, for `--json`.
func printJSON(_ object: some Encodable) throws {
    try FileHandle.standardOutput.write(contentsOf: jsonEncoder(.prettyPrinted).encode(object) + Data("\n".utf8))
}
