// From the text of a template to text between tags, and the words within tags.

/// A word within a tag.
enum TemplateToken: Equatable {
    case name(String)
    case text(String)
    case integer(Int)
    case real(Double)
    /// An operator or bracket.
    case symbol(String)
}

/// A piece of a template in the order of the file.
enum TemplatePiece {
    case data(String, line: Int)
    /// `{{ ... }}`
    case output([TemplateToken], line: Int)
    /// `{% ... %}`
    case statement([TemplateToken], line: Int)
}

/// Cuts a template as Jinja does with `trim_blocks` and `lstrip_blocks`, the settings of transformers: the newline
/// behind a statement goes, and so do the blanks before one that begins its line; `-` takes all white space.
struct TemplateLexer {
    private let scalars: [Unicode.Scalar]
    private let name: String
    private var position = 0
    private var line = 1
    /// Whether the piece that follows begins a line.
    private var beginsLine = true

    init(_ source: String, name: String) {
        // Line ends become \n, and one at the very end goes.
        var scalars: [Unicode.Scalar] = []
        for scalar in source.unicodeScalars {
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            scalars.append(scalar)
        }
        scalars = scalars.map { $0 == "\r" ? "\n" : $0 }
        if scalars.last == "\n" { scalars.removeLast() }
        self.scalars = scalars
        self.name = name
    }

    private func failure(_ message: String, code: ChatTemplateError.Code = .syntax) -> ChatTemplateError {
        ChatTemplateError(code, "the chat template \(message)", place: "\(name):\(line)")
    }

    private func isAt(_ text: String, _ index: Int) -> Bool {
        scalars[min(index, scalars.count)...].starts(with: text.unicodeScalars)
    }

    /// - Throws: `ChatTemplateError` naming the line.
    mutating func pieces() throws(ChatTemplateError) -> [TemplatePiece] {
        var pieces: [TemplatePiece] = []
        while position < scalars.count {
            let start = position
            var open = start
            while open < scalars.count, !(scalars[open] == "{" && ["{{", "{%", "{#"].contains { isAt($0, open) }) {
                open += 1
            }
            guard open < scalars.count else {
                pieces.append(.data(String(scalars: scalars[start...]), line: line))
                break
            }
            let opener = scalars[open + 1]
            let sign = open + 2 < scalars.count ? scalars[open + 2] : " "
            var data = scalars[start..<open]
            let isVariable = opener == "{"
            if sign == "-" {
                while let last = data.last, last.isPythonSpace { data.removeLast() }
            } else if sign != "+", !isVariable {
                data = withoutIndent(data)
            }
            if !data.isEmpty { pieces.append(.data(String(scalars: data), line: line)) }
            line += scalars[start..<open].count { $0 == "\n" }
            let tagLine = line
            // In variables `+` is the operator.
            position = open + 2 + (sign == "-" || (sign == "+" && !isVariable) ? 1 : 0)
            switch opener {
            case "{": pieces.append(.output(try words(until: "}}"), line: tagLine))
            case "#": try skipComment()
            default:
                let tokens = try words(until: "%}")
                if tokens == [.name("raw")] { throw failure("uses raw, which is not supported", code: .unsupported) }
                pieces.append(.statement(tokens, line: tagLine))
            }
        }
        return pieces
    }

    /// Text before a tag without the blanks that stand between the beginning of the line and the tag.
    private func withoutIndent(_ data: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
        let newline = data.lastIndex(of: "\n")
        guard newline != nil || beginsLine else { return data }
        let indent = newline.map { data.index(after: $0) } ?? data.startIndex
        return data[indent...].allSatisfy(\.isPythonSpace) ? data[..<indent] : data
    }

    /// Moves behind the end of a tag and what it takes with it.
    private mutating func close(_ sign: Unicode.Scalar, takesNewline: Bool) {
        let start = position
        if sign == "-" {
            position += 3
            while position < scalars.count, scalars[position].isPythonSpace { position += 1 }
        } else {
            position += sign == "+" ? 3 : 2
            if sign != "+", takesNewline, position < scalars.count, scalars[position] == "\n" { position += 1 }
        }
        line += scalars[start..<position].count { $0 == "\n" }
        beginsLine = scalars[position - 1] == "\n"
    }

    private mutating func skipComment() throws(ChatTemplateError) {
        while position < scalars.count, !isAt("#}", position) {
            if scalars[position] == "\n" { line += 1 }
            position += 1
        }
        guard position < scalars.count else { throw failure("has a comment that does not end") }
        let sign = scalars[position - 1]
        if sign == "-" || sign == "+" { position -= 1 }
        close(sign, takesNewline: true)
    }

    private mutating func words(until end: String) throws(ChatTemplateError) -> [TemplateToken] {
        var tokens: [TemplateToken] = []
        var depth = 0
        while position < scalars.count {
            let scalar = scalars[position]
            if scalar.isPythonSpace {
                if scalar == "\n" { line += 1 }
                position += 1
                continue
            }
            // A closing brace of a mapping goes before the end of the tag.
            if depth == 0 {
                if isAt("-" + end, position) {
                    close("-", takesNewline: false)
                    return tokens
                }
                if end == "%}", isAt("+" + end, position) {
                    close("+", takesNewline: false)
                    return tokens
                }
                if isAt(end, position) {
                    close(" ", takesNewline: end == "%}")
                    return tokens
                }
            }
            let token = try word()
            if case .symbol(let symbol) = token {
                if ["(", "[", "{"].contains(symbol) { depth += 1 }
                if [")", "]", "}"].contains(symbol) { depth -= 1 }
            }
            tokens.append(token)
        }
        throw failure("has a tag that does not end with \(end)")
    }

    private mutating func word() throws(ChatTemplateError) -> TemplateToken {
        let start = position
        let scalar = scalars[start]
        if scalar == "'" || scalar == "\"" { return .text(try literal(quote: scalar)) }
        if scalar == "_" || scalar.properties.isAlphabetic {
            while position < scalars.count,
                scalars[position] == "_" || scalars[position].properties.isAlphabetic
                    || scalars[position].properties.numericType != nil
            { position += 1 }
            return .name(String(scalars: scalars[start..<position]))
        }
        if ("0"..."9").contains(scalar) { return try number() }
        for symbol in Self.symbols where isAt(symbol, start) {
            position += symbol.unicodeScalars.count
            return .symbol(symbol)
        }
        throw failure("has a character '\(scalar)' that does not belong in a tag")
    }

    private static let symbols = [
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}",
        "|",
        ".", ",", ":",
    ]

    private mutating func number() throws(ChatTemplateError) -> TemplateToken {
        let start = position
        func digits(_ index: inout Int) {
            while index < scalars.count, ("0"..."9").contains(scalars[index]) { index += 1 }
        }
        digits(&position)
        var isWhole = true
        if position + 1 < scalars.count, scalars[position] == ".", ("0"..."9").contains(scalars[position + 1]) {
            isWhole = false
            position += 1
            digits(&position)
        }
        let text = String(scalars: scalars[start..<position])
        if position < scalars.count, scalars[position] == "_" || scalars[position].properties.isAlphabetic {
            throw failure(
                "has a number in a form that is not supported, \(text)\(scalars[position])", code: .unsupported)
        }
        if isWhole, let value = Int(text) { return .integer(value) }
        guard let value = Double(text) else { throw failure("has a number that is too large, \(text)") }
        return .real(value)
    }

    /// A text in quotes, with the escapes of Python.
    private mutating func literal(quote: Unicode.Scalar) throws(ChatTemplateError) -> String {
        position += 1
        var result: [Unicode.Scalar] = []
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            if scalar == quote { return String(scalars: result) }
            if scalar == "\n" { line += 1 }
            guard scalar == "\\", position < scalars.count else {
                result.append(scalar)
                continue
            }
            let escaped = scalars[position]
            position += 1
            switch escaped {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "\\", "'", "\"": result.append(escaped)
            case "x": result.append(try escapedScalar(digits: 2))
            case "u": result.append(try escapedScalar(digits: 4))
            case "U": result.append(try escapedScalar(digits: 8))
            case "a", "b", "f", "v", "N", "0"..."9", "\n":
                throw failure("uses the escape \\\(escaped), which is not supported", code: .unsupported)
            default:
                // Not an escape: Python keeps the backslash.
                result.append("\\")
                result.append(escaped)
            }
        }
        throw failure("has a text that does not end")
    }

    private mutating func escapedScalar(digits: Int) throws(ChatTemplateError) -> Unicode.Scalar {
        let text = String(scalars: scalars[position..<min(position + digits, scalars.count)])
        guard text.utf8.count == digits, let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw failure("has an escape that is not a character, \(text)")
        }
        position += digits
        return scalar
    }
}
