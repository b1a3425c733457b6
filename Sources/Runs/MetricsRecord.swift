// One line of metrics.jsonl as a value: a step and its named numbers, in the order they were given.

/// A field of a metric line. `null` also stands for numbers JSON cannot write (NaN, infinities).
public enum MetricValue: Sendable, Equatable {
    case int(Int)
    case double(Double)
    case string(String)
    case null

    /// The value as a number; nil for strings and null.
    public var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        case .string, .null: nil
        }
    }
}

/// What one update reports.
public struct MetricsRecord: Sendable {
    public var step: Int
    /// Names and values in the order they are written; `step` is not among them.
    public var fields: [(String, MetricValue)]

    public init(step: Int, fields: [(String, MetricValue)] = []) {
        self.step = step
        self.fields = fields
    }

    /// The value of a field; nil if the record has none of that name.
    public subscript(name: String) -> MetricValue? {
        fields.first { $0.0 == name }?.1
    }

    /// Whether a field measures time and so differs between two runs that are otherwise the same.
    public static func isWallClock(_ key: String) -> Bool {
        key.hasPrefix("seconds/") || key.hasPrefix("rate/")
    }

    /// The record without the fields that measure time: equal for two runs that did the same.
    public var withoutWallClock: MetricsRecord {
        MetricsRecord(step: step, fields: fields.filter { !MetricsRecord.isWallClock($0.0) })
    }

    /// `{"step":12,"name":value,...}` without a line end.
    ///
    /// Doubles have the fewest digits that read back as the same number.
    public func jsonLine() -> String {
        var line = "{\"step\":\(step)"
        for (name, value) in fields {
            line += ","
            MetricsRecord.append(name, to: &line)
            line += ":"
            switch value {
            case .int(let value): line += "\(value)"
            case .double(let value): line += value.isFinite ? "\(value)" : "null"
            case .string(let value): MetricsRecord.append(value, to: &line)
            case .null: line += "null"
            }
        }
        return line + "}"
    }

    private static func append(_ text: String, to line: inout String) {
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\t": line += "\\t"
            case "\r": line += "\\r"
            case _ where scalar.value < 0x20:
                line += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }
}

extension MetricsRecord: Equatable {
    public static func == (left: MetricsRecord, right: MetricsRecord) -> Bool {
        left.step == right.step && left.fields.elementsEqual(right.fields, by: ==)
    }
}
