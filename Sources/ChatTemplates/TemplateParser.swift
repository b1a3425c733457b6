// From the pieces of a template to statements.

/// A recursive descent over pieces; what is not known is refused with its line.
struct TemplateParser {
    private let pieces: [TemplatePiece]
    private let name: String
    private var position = 0
    private var loops = 0
    private var depth = 0

    static func parse(_ source: String, name: String) throws(ChatTemplateError) -> [TemplateStatement] {
        var lexer = TemplateLexer(source, name: name)
        var parser = TemplateParser(pieces: try lexer.pieces(), name: name)
        return try parser.body(until: [], opened: "the template", line: 1).body
    }

    private init(pieces: [TemplatePiece], name: String) {
        self.pieces = pieces
        self.name = name
    }

    private func failure(
        _ message: String, line: Int, code: ChatTemplateError.Code = .syntax
    ) -> ChatTemplateError {
        ChatTemplateError(code, "the chat template \(message)", place: "\(name):\(line)")
    }

    /// The words of a tag; what they become nests no deeper than there are words.
    private func words(_ tokens: [TemplateToken], line: Int) throws(ChatTemplateError) -> TemplateWords {
        guard tokens.count <= 2_000 else {
            throw failure("has a tag of more than 2000 words", line: line, code: .limit)
        }
        return TemplateWords(tokens, line: line, name: name)
    }

    /// Statements up to a tag that begins with one of `ends`, and what follows that word.
    private mutating func body(
        until ends: Set<String>, opened: String, line: Int
    ) throws(ChatTemplateError) -> (body: [TemplateStatement], end: String, words: TemplateWords) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 64 else { throw failure("nests statements more than 64 deep", line: line, code: .limit) }
        var body: [TemplateStatement] = []
        while position < pieces.count {
            let piece = pieces[position]
            position += 1
            switch piece {
            case .data(let text, let line): body.append(.data(text, line: line))
            case .output(let tokens, let line):
                var words = try self.words(tokens, line: line)
                body.append(.output(try words.expression()))
                try words.end()
            case .statement(let tokens, let line):
                var words = try self.words(tokens, line: line)
                let word = try words.name("a statement")
                if ends.contains(word) { return (body, word, words) }
                body += try statement(word, &words)
            }
        }
        guard ends.isEmpty else {
            throw failure("has \(opened) without \(ends.sorted().joined(separator: " or "))", line: line)
        }
        return (body, "", TemplateWords([], line: line, name: name))
    }

    private mutating func statement(
        _ word: String, _ words: inout TemplateWords
    ) throws(ChatTemplateError) -> [TemplateStatement] {
        switch word {
        case "if": return [try condition(&words)]
        case "for": return [.loop(try loop(&words))]
        case "set": return [try set(&words)]
        case "macro": return [.macro(try macro(&words))]
        case "break", "continue":
            guard loops > 0 else { throw failure("has \(word) outside of a loop", line: words.line) }
            try words.end()
            return [word == "break" ? .leave(line: words.line) : .advance(line: words.line)]
        case "generation":
            // Marks what the assistant says, for masks; the text is that of its body.
            try words.end()
            let inner = try body(until: ["endgeneration"], opened: "generation", line: words.line)
            try inner.words.end()
            return inner.body
        case "else", "elif", "endif", "endfor", "endmacro", "endset", "endgeneration":
            throw failure("has \(word) where nothing is open that it belongs to", line: words.line)
        default:
            throw failure(
                "uses the statement \(word), which is not supported; supported are if, for, set, macro, generation, "
                    + "break and continue", line: words.line, code: .unsupported)
        }
    }

    private mutating func condition(_ words: inout TemplateWords) throws(ChatTemplateError) -> TemplateStatement {
        let line = words.line
        var branches: [(condition: TemplateExpression, body: [TemplateStatement])] = []
        var test = try words.expression()
        try words.end()
        while true {
            var part = try body(until: ["elif", "else", "endif"], opened: "if", line: line)
            branches.append((test, part.body))
            if part.end == "elif" {
                test = try part.words.expression()
                try part.words.end()
                continue
            }
            try part.words.end()
            guard part.end == "else" else { return .condition(branches, otherwise: []) }
            let last = try body(until: ["endif"], opened: "else", line: line)
            try last.words.end()
            return .condition(branches, otherwise: last.body)
        }
    }

    private mutating func loop(_ words: inout TemplateWords) throws(ChatTemplateError) -> TemplateLoop {
        let line = words.line
        let isBracketed = words.take("(")
        var names = [try words.name("a loop variable")]
        while words.take(",") { names.append(try words.name("a loop variable")) }
        if isBracketed { try words.expect(")") }
        try words.expectWord("in")
        // A condition after `if` chooses items, so that it is no part of the expression.
        let items = try words.expression(takingCondition: false)
        let filter = words.takeWord("if") ? try words.expression() : nil
        if words.takeWord("recursive") {
            throw failure("uses a recursive loop, which is not supported", line: line, code: .unsupported)
        }
        try words.end()
        loops += 1
        let inner = try body(until: ["else", "endfor"], opened: "for", line: line)
        loops -= 1
        try inner.words.end()
        var otherwise: [TemplateStatement] = []
        if inner.end == "else" {
            let last = try body(until: ["endfor"], opened: "else", line: line)
            try last.words.end()
            otherwise = last.body
        }
        return TemplateLoop(
            names: names, items: items, filter: filter, body: inner.body, otherwise: otherwise, line: line)
    }

    private mutating func set(_ words: inout TemplateWords) throws(ChatTemplateError) -> TemplateStatement {
        let line = words.line
        let first = try words.name("a variable")
        var target = TemplateTarget.name(first, line: line)
        if words.take(".") { target = .attribute(first, try words.name("an attribute"), line: line) }
        if words.take("=") {
            let value = try words.expressionOrTuple()
            try words.end()
            return .set(target, value)
        }
        guard words.isAtEnd else {
            throw failure("has a set that is neither name = value nor a block", line: line, code: .unsupported)
        }
        let inner = try body(until: ["endset"], opened: "set", line: line)
        try inner.words.end()
        return .capture(target, inner.body, line: line)
    }

    private mutating func macro(_ words: inout TemplateWords) throws(ChatTemplateError) -> TemplateMacro {
        let line = words.line
        let title = try words.name("a macro's name")
        var parameters: [(name: String, value: TemplateExpression?)] = []
        try words.expect("(")
        while !words.take(")") {
            let name = try words.name("a parameter")
            parameters.append((name, words.take("=") ? try words.expression() : nil))
            if !words.isNext(")") { try words.expect(",") }
        }
        try words.end()
        // A loop around the macro is no loop around its body.
        let outer = loops
        loops = 0
        var inner = try body(until: ["endmacro"], opened: "macro", line: line)
        loops = outer
        if !inner.words.isAtEnd { _ = try inner.words.name("a macro's name") }
        try inner.words.end()
        return TemplateMacro(name: title, parameters: parameters, body: inner.body, line: line)
    }
}
