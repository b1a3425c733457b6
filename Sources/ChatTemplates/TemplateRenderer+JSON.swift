// JSON as Python's json.dumps writes it, for the filter tojson.

extension TemplateRenderer {
    /// `tojson` of transformers: characters beyond ASCII stay as they are.
    func json(
        _ value: TemplateValue, _ positional: [TemplateValue], _ named: [(name: String, value: TemplateValue)],
        line: Int
    ) throws(ChatTemplateError) -> String {
        var indent: Int?
        guard positional.isEmpty else {
            throw failure("gives tojson an argument without name", line: line, code: .unsupported)
        }
        for (name, setting) in named {
            switch (name, setting) {
            case ("indent", .integer(let count)) where (0...16).contains(count): indent = count
            case ("indent", .none), ("ensure_ascii", .bool(false)), ("sort_keys", .bool(false)): break
            default: throw failure("gives tojson a \(name) that is not supported", line: line, code: .unsupported)
            }
        }
        var output = ""
        try write(value, indent: indent, depth: 0, into: &output, line: line)
        return output
    }

    private func write(
        _ value: TemplateValue, indent: Int?, depth: Int, into output: inout String, line: Int
    ) throws(ChatTemplateError) {
        func newline(_ depth: Int) { if let indent { output += "\n" + String(repeating: " ", count: indent * depth) } }
        let comma = indent == nil ? ", " : ","
        guard depth <= 4 * Limits.valueDepth else {
            throw failure("nests values more than \(4 * Limits.valueDepth) deep", line: line, code: .limit)
        }
        try spend(Cost.step, line: line)
        try check(output, line: line)
        switch value {
        case .none: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .text(let text):
            try spend(Cost.byte * text.utf8.count, line: line)
            Self.quote(text, into: &output)
        case .list(let items):
            if items.isEmpty {
                output += "[]"
                return
            }
            output += "["
            for (index, item) in items.enumerated() {
                if index > 0 { output += comma }
                newline(depth + 1)
                try write(item, indent: indent, depth: depth + 1, into: &output, line: line)
            }
            newline(depth)
            output += "]"
        case .mapping(let members):
            if members.isEmpty {
                output += "{}"
                return
            }
            output += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { output += comma }
                newline(depth + 1)
                Self.quote(member.key, into: &output)
                output += ": "
                try write(member.value, indent: indent, depth: depth + 1, into: &output, line: line)
            }
            newline(depth)
            output += "}"
        default: throw failure("writes \(value.kind) as JSON, which is not supported", line: line, code: .unsupported)
        }
    }

    private static func quote(_ text: String, into output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{8}": output += "\\b"
            case "\u{C}": output += "\\f"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
