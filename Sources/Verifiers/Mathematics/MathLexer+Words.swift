// LaTeX commands and runs of letters: which are functions, constants, units, words, or products of letters.

extension MathLexer {
    mutating func readCommand() throws {
        position += 1
        guard let first = peek() else { throw MathFault.syntax }
        var name = ""
        if first.isLetter {
            while let next = peek(), next.isLetter {
                name.unicodeScalars.append(next)
                position += 1
            }
        } else {
            name.unicodeScalars.append(first)
            position += 1
        }
        switch name {
        case "{", "lbrace": return try emit(.openSet)
        case "}", "rbrace": return try emit(.closeSet)
        case "lbrack": return try emit(.sign("["))
        case "rbrack": return try emit(.sign("]"))
        case "%": return try emit(.sign("%"))
        case "colon": return try emit(.sign(":"))
        case "\\": return try emit(.newRow)
        case "&": return try emit(.text("and"))
        case "$", "boxed", "fbox", "_", "#": return
        case "begin", "end": return try readEnvironment(isBegin: name == "begin")
        default: break
        }
        if MathVocabulary.ignored.contains(name) {
            // The invisible delimiter of `\left.`
            if ["left", "right"].contains(name), peek() == "." { position += 1 }
            if case .number? = tokens.last, peek()?.isDigit == true { try emit(.space) }
        } else if MathVocabulary.textual.contains(name) {
            try readText()
        } else if let relation = MathVocabulary.relations[name] {
            try emit(.relation(relation))
        } else if let construct = MathVocabulary.commands[name] {
            if construct == "mathbb" { return try readBlackboard() }
            try emit(.command(construct))
            if construct == "frac" || construct == "binom" { try readSingleDigits(2) }
            if construct == "sqrt" { try readSingleDigits(1) }
        } else if let function = MathVocabulary.functions[name] {
            try emit(.function(function))
            if function == .log, peek() == "_" {
                position += 1
                try emit(.sign("_"))
                try readSingleDigits(1)
                // The base and the argument in `\log_2 8` are no mixed number.
                while peek() == " " { position += 1 }
            }
        } else if MathVocabulary.greek.contains(name) {
            try emit(.symbol(name))
        } else {
            throw MathFault.syntax
        }
    }

    /// The argument of a command, in braces; nil if none follows or it does not end.
    private mutating func readArgument() -> String? {
        while peek() == " " { position += 1 }
        guard peek() == "{" else { return nil }
        var depth = 0
        var content = ""
        var index = position
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar == "}" {
                depth -= 1
                if depth == 0 {
                    position = index + 1
                    return content
                }
            }
            if depth > 0 { content.unicodeScalars.append(scalar) }
            if scalar == "{" { depth += 1 }
            index += 1
        }
        return nil
    }

    /// Words, except that content with digits or of a single letter is mathematics set upright.
    private mutating func readText() throws {
        guard let content = readArgument() else { throw MathFault.syntax }
        let bare = content.unicodeScalars.filter { !["(", ")", " ", "."].contains($0) }
        if bare.count == 1, isBehindValue, let letter = bare.first, MathUnit.isKnown(String(Character(letter))) {
            return try emit(.text(String(Character(letter))))
        }
        if content.unicodeScalars.contains(where: { $0.isDigit || $0 == "\\" || $0 == "$" }) || bare.count == 1 {
            // Each round drops the command and its braces, so that this ends.
            let rest = Array(content.unicodeScalars) + scalars[position...]
            try work.spend(5 * rest.count)
            scalars = rest
            position = 0
            return
        }
        let words = MathLexer.words(content)
        if let function = MathVocabulary.functions[words] { return try emit(.function(function)) }
        if !words.isEmpty { try emit(.text(words)) }
    }

    private mutating func readBlackboard() throws {
        var letter = readArgument()
        if letter == nil, let next = peek(), next.isLetter {
            letter = String(Character(next))
            position += 1
        }
        guard let letter, letter.count == 1 else { throw MathFault.syntax }
        try emit(letter == "R" ? .command("reals") : .symbol("mathbb " + letter))
    }

    private mutating func readEnvironment(isBegin: Bool) throws {
        guard let name = readArgument() else { throw MathFault.syntax }
        if isBegin, name == "array" { _ = readArgument() }
        try emit(isBegin ? .begin(name) : .end(name))
    }

    /// A run of ASCII letters outside of commands.
    mutating func readLetters() throws {
        var run = ""
        let isSpaced = position > 0 && scalars[position - 1] == " "
        while let next = peek(), next.isLetter {
            run.unicodeScalars.append(next)
            position += 1
        }
        let lower = run.lowercased()
        if run.count > 1 {
            if MathLexer.isSeparator(lower) || ["yes", "no"].contains(lower) { return try emit(.text(lower)) }
            if let construct = MathVocabulary.plain[run] { return try emit(.command(construct)) }
            if let function = MathVocabulary.functions[run] { return try emit(.function(function)) }
            if MathVocabulary.greek.contains(run) { return try emit(.symbol(run)) }
        }
        if isBehindValue, run.count > 1 || (isSpaced && isAtEnd), MathUnit.isKnown(run) {
            return try emit(.text(run.count == 1 ? run : lower))
        }
        if run.count >= 4 {
            if let function = MathVocabulary.functions[String(run.dropLast())] {
                try emit(.function(function))
                return try emit(.symbol(String(run.suffix(1))))
            }
            return try emit(.text(lower))
        }
        for letter in run { try emit(.symbol(String(letter))) }
    }

    /// Whether the last token may end a number, so that a unit may follow.
    private var isBehindValue: Bool {
        switch tokens.last {
        case .number, .sign(")"), .sign("}"), .sign("/"), .symbol, .text, .command("pi"): true
        default: false
        }
    }

    private var isAtEnd: Bool { scalars[position...].allSatisfy { $0 == " " || $0 == "." || $0 == "$" } }

    /// Lower case, single spaces, without punctuation at the ends.
    static func words(_ text: String) -> String {
        var words = text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        while let last = words.last, ".,;:!?".contains(last) { words.removeLast() }
        while let first = words.first, ".,;:!?".contains(first) { words.removeFirst() }
        return words
    }
}
