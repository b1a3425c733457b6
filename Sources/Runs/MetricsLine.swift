// The reading half of metrics.jsonl: one flat JSON object, its keys kept in order.

/// A cursor over the bytes of one line.
///
/// Only what `MetricsRecord.jsonLine` writes is accepted (with any white space): numbers, strings and null, no nesting.
struct MetricsLine {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    /// The record a line holds; nil if it is not a complete one.
    static func record(in bytes: ArraySlice<UInt8>) -> MetricsRecord? {
        var line = MetricsLine(bytes: bytes, index: bytes.startIndex)
        return line.record()
    }

    private mutating func record() -> MetricsRecord? {
        var step: Int?
        var fields: [(String, MetricValue)] = []
        guard take("{") else { return nil }
        if !take("}") {
            repeat {
                guard let name = string(), take(":"), let value = value() else { return nil }
                if name == "step" {
                    guard step == nil, case .int(let number) = value else { return nil }
                    step = number
                } else {
                    fields.append((name, value))
                }
            } while take(",")
            guard take("}") else { return nil }
        }
        skipSpace()
        guard index == bytes.endIndex, let step else { return nil }
        return MetricsRecord(step: step, fields: fields)
    }

    private mutating func value() -> MetricValue? {
        skipSpace()
        guard index < bytes.endIndex else { return nil }
        switch bytes[index] {
        case UInt8(ascii: "\""): return string().map(MetricValue.string)
        case UInt8(ascii: "n"):
            guard bytes[index...].starts(with: "null".utf8) else { return nil }
            index += 4
            return .null
        default: return number()
        }
    }

    /// JSON's numbers, which are fewer than Swift's: no `+5`, `01`, `.5` or `5.`.
    private mutating func number() -> MetricValue? {
        let start = index
        skip("-")
        let first = index
        guard let whole = digits(), whole == 1 || bytes[first] != UInt8(ascii: "0") else { return nil }
        var isWhole = true
        if skip(".") {
            isWhole = false
            guard digits() != nil else { return nil }
        }
        if skip("eE") {
            isWhole = false
            skip("+-")
            guard digits() != nil else { return nil }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let value = Int(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { return nil }
        return .double(value)
    }

    /// Takes all digits that are next; nil if there is none.
    private mutating func digits() -> Int? {
        let count = bytes[index...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        index += count
        return count > 0 ? count : nil
    }

    /// Takes one byte if it is one of `characters`.
    @discardableResult
    private mutating func skip(_ characters: String) -> Bool {
        guard index < bytes.endIndex, characters.utf8.contains(bytes[index]) else { return false }
        index += 1
        return true
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text += Array(String(scalar).utf8)
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// The scalar after a backslash; a pair of surrogates is one scalar.
    private mutating func escape() -> Unicode.Scalar? {
        guard index < bytes.endIndex else { return nil }
        let letter = bytes[index]
        index += 1
        switch letter {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "u"):
            guard let unit = codeUnit() else { return nil }
            guard UTF16.isLeadSurrogate(unit) else { return Unicode.Scalar(unit) }
            guard bytes[index...].starts(with: "\\u".utf8) else { return nil }
            index += 2
            guard let trail = codeUnit(), UTF16.isTrailSurrogate(trail) else { return nil }
            return Unicode.Scalar(0x10000 + (UInt32(unit) & 0x3FF) << 10 + UInt32(trail) & 0x3FF)
        default: return nil
        }
    }

    private mutating func codeUnit() -> UInt16? {
        let digits = bytes[index...].prefix(4)
        let text = String(decoding: digits, as: UTF8.self)
        // the conversion would take a sign for a digit
        guard digits.count == 4, text.allSatisfy(\.isHexDigit) else { return nil }
        index += 4
        return UInt16(text, radix: 16)
    }

    /// Skips white space, then takes `character` if it is next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.endIndex, " \t\r".utf8.contains(bytes[index]) { index += 1 }
    }
}
