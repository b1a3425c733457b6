// From the words of one tag to an expression, with the precedence of Jinja.

/// The words of a tag, read from the left.
struct TemplateWords {
    private let tokens: [TemplateToken]
    let line: Int
    private let name: String
    private var position = 0
    private var depth = 0

    init(_ tokens: [TemplateToken], line: Int, name: String) {
        self.tokens = tokens
        self.line = line
        self.name = name
    }

    private var next: TemplateToken? { position < tokens.count ? tokens[position] : nil }
    var isAtEnd: Bool { position == tokens.count }

    private func failure(_ message: String, code: ChatTemplateError.Code = .syntax) -> ChatTemplateError {
        ChatTemplateError(code, "the chat template \(message)", place: "\(name):\(line)")
    }

    /// How an error sentence shows the next word.
    private var shown: String {
        switch next {
        case nil: "the end of the tag"
        case .name(let word): "'\(word)'"
        case .symbol(let symbol): "'\(symbol)'"
        case .text(let text): "the text '\(text)'"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        }
    }

    func isNext(_ symbol: String) -> Bool { next == .symbol(symbol) }
    func isNextWord(_ word: String) -> Bool { next == .name(word) }

    mutating func take(_ symbol: String) -> Bool {
        guard isNext(symbol) else { return false }
        position += 1
        return true
    }

    mutating func takeWord(_ word: String) -> Bool {
        guard isNextWord(word) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ symbol: String) throws(ChatTemplateError) {
        guard take(symbol) else { throw failure("has \(shown) where '\(symbol)' should stand") }
    }

    mutating func expectWord(_ word: String) throws(ChatTemplateError) {
        guard takeWord(word) else { throw failure("has \(shown) where '\(word)' should stand") }
    }

    mutating func name(_ what: String) throws(ChatTemplateError) -> String {
        guard case .name(let word)? = next else { throw failure("has \(shown) where \(what) should stand") }
        position += 1
        return word
    }

    func end() throws(ChatTemplateError) {
        guard isAtEnd else { throw failure("has \(shown) where the tag should end") }
    }

    private func made(_ kind: TemplateExpression.Kind) -> TemplateExpression {
        TemplateExpression(kind: kind, line: line)
    }

    /// One value, or several with commas between them, which are a list.
    mutating func expressionOrTuple() throws(ChatTemplateError) -> TemplateExpression {
        let first = try expression()
        guard isNext(",") else { return first }
        var items = [first]
        while take(","), !isAtEnd { items.append(try expression()) }
        return made(.list(items))
    }

    /// - Parameter takingCondition: whether `a if b else c` may stand here.
    mutating func expression(takingCondition: Bool = true) throws(ChatTemplateError) -> TemplateExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 64 else { throw failure("nests expressions more than 64 deep", code: .limit) }
        var value = try disjunction()
        while takingCondition, takeWord("if") {
            let condition = try disjunction()
            let otherwise = takeWord("else") ? try expression() : nil
            value = made(.conditional(value, condition: condition, otherwise: otherwise))
        }
        return value
    }

    private mutating func disjunction() throws(ChatTemplateError) -> TemplateExpression {
        var left = try conjunction()
        while takeWord("or") { left = made(.or(left, try conjunction())) }
        return left
    }

    private mutating func conjunction() throws(ChatTemplateError) -> TemplateExpression {
        var left = try negation()
        while takeWord("and") { left = made(.and(left, try negation())) }
        return left
    }

    private mutating func negation() throws(ChatTemplateError) -> TemplateExpression {
        var count = 0
        while takeWord("not") { count += 1 }
        var value = try comparison()
        for _ in 0..<count { value = made(.not(value)) }
        return value
    }

    private mutating func comparison() throws(ChatTemplateError) -> TemplateExpression {
        let first = try sum()
        var rest: [(operation: String, right: TemplateExpression)] = []
        while true {
            if case .symbol(let symbol)? = next, ["==", "!=", "<", "<=", ">", ">="].contains(symbol) {
                position += 1
                rest.append((symbol, try sum()))
            } else if takeWord("in") {
                rest.append(("in", try sum()))
            } else if isNextWord("not"), position + 1 < tokens.count, tokens[position + 1] == .name("in") {
                position += 2
                rest.append(("not in", try sum()))
            } else {
                return rest.isEmpty ? first : made(.comparison(first, rest))
            }
        }
    }

    private mutating func binary(
        _ symbols: [String], _ operand: (inout TemplateWords) throws(ChatTemplateError) -> TemplateExpression
    ) throws(ChatTemplateError) -> TemplateExpression {
        var left = try operand(&self)
        while case .symbol(let symbol)? = next, symbols.contains(symbol) {
            position += 1
            left = made(.binary(symbol, left, try operand(&self)))
        }
        return left
    }

    private mutating func sum() throws(ChatTemplateError) -> TemplateExpression {
        try binary(["+", "-"]) { (words) throws(ChatTemplateError) in
            try words.binary(["~"]) { (words) throws(ChatTemplateError) in
                try words.binary(["*", "/", "//", "%"]) { (words) throws(ChatTemplateError) in try words.unary() }
            }
        }
    }

    private mutating func unary(withFilters: Bool = true) throws(ChatTemplateError) -> TemplateExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 64 else { throw failure("nests expressions more than 64 deep", code: .limit) }
        var value: TemplateExpression
        if take("+") {
            value = try unary(withFilters: false)
        } else if take("-") {
            value = made(.negative(try unary(withFilters: false)))
        } else {
            value = try postfix(try primary())
        }
        if isNext("**") { throw failure("uses '**', which is not supported", code: .unsupported) }
        guard withFilters else { return value }
        while true {
            if take("|") {
                let filter = try name("a filter")
                value = made(.filter(value, filter, isNext("(") ? try arguments() : TemplateExpression.Arguments()))
                value = try postfix(value)
            } else if takeWord("is") {
                value = try test(value)
            } else {
                return value
            }
        }
    }

    private mutating func test(_ value: TemplateExpression) throws(ChatTemplateError) -> TemplateExpression {
        let isNegated = takeWord("not")
        let test = try name("a test")
        var given = TemplateExpression.Arguments()
        if isNext("(") {
            given = try arguments()
        } else if beginsArgument {
            given.positional = [try postfix(try primary())]
        }
        return made(.test(value, test, given, isNegated: isNegated))
    }

    /// Whether the argument of a test follows without brackets.
    private var beginsArgument: Bool {
        switch next {
        case .name(let word)?: !["else", "and", "or", "is", "if", "in", "not"].contains(word)
        case .text?, .integer?, .real?, .symbol("[")?, .symbol("{")?: true
        default: false
        }
    }

    private mutating func arguments() throws(ChatTemplateError) -> TemplateExpression.Arguments {
        var result = TemplateExpression.Arguments()
        try expect("(")
        while !take(")") {
            if case .name(let word)? = next, position + 1 < tokens.count, tokens[position + 1] == .symbol("=") {
                position += 2
                result.named.append((word, try expression()))
            } else if isNext("*") || isNext("**") {
                throw failure("unpacks arguments with \(shown), which is not supported", code: .unsupported)
            } else {
                guard result.named.isEmpty else { throw failure("has a plain argument behind a named one") }
                result.positional.append(try expression())
            }
            if !isNext(")") { try expect(",") }
        }
        return result
    }

    private mutating func postfix(_ start: TemplateExpression) throws(ChatTemplateError) -> TemplateExpression {
        var value = start
        while true {
            if take(".") {
                if case .integer(let index)? = next {
                    position += 1
                    value = made(.item(value, made(.literal(.integer(index)))))
                } else {
                    value = made(.attribute(value, try name("an attribute")))
                }
            } else if take("[") {
                value = try subscripted(value)
            } else if isNext("(") {
                value = made(.call(value, try arguments()))
            } else {
                return value
            }
        }
    }

    private mutating func subscripted(_ value: TemplateExpression) throws(ChatTemplateError) -> TemplateExpression {
        var bounds: [TemplateExpression?] = [isNext(":") ? nil : try expression()]
        while take(":") { bounds.append(isNext(":") || isNext("]") ? nil : try expression()) }
        try expect("]")
        guard bounds.count > 1 else {
            guard let index = bounds[0] else { throw failure("has empty square brackets") }
            return made(.item(value, index))
        }
        guard bounds.count <= 3 else { throw failure("has a slice with more than three parts") }
        return made(.slice(value, bounds[0], bounds[1], bounds.count > 2 ? bounds[2] : nil))
    }

    private mutating func primary() throws(ChatTemplateError) -> TemplateExpression {
        guard let token = next else { throw failure("ends a tag where a value should stand") }
        position += 1
        switch token {
        case .integer(let value): return made(.literal(.integer(value)))
        case .real(let value): return made(.literal(.real(value)))
        case .text(let text):
            // Texts side by side are one.
            var joined = text
            while case .text(let more)? = next {
                joined += more
                position += 1
            }
            return made(.literal(.text(joined)))
        case .name("true"), .name("True"): return made(.literal(.bool(true)))
        case .name("false"), .name("False"): return made(.literal(.bool(false)))
        case .name("none"), .name("None"): return made(.literal(.none))
        case .name(let word):
            guard !["and", "or", "not", "if", "else", "in", "is"].contains(word) else {
                throw failure("has '\(word)' where a value should stand")
            }
            return made(.name(word))
        case .symbol("("): return try bracketed()
        case .symbol("["):
            var items: [TemplateExpression] = []
            while !take("]") {
                items.append(try expression())
                if !isNext("]") { try expect(",") }
            }
            return made(.list(items))
        case .symbol("{"):
            var members: [(key: TemplateExpression, value: TemplateExpression)] = []
            while !take("}") {
                let key = try expression()
                try expect(":")
                members.append((key, try expression()))
                if !isNext("}") { try expect(",") }
            }
            return made(.mapping(members))
        case .symbol(let symbol): throw failure("has '\(symbol)' where a value should stand")
        }
    }

    /// A value in round brackets, or a tuple, which is a list here.
    private mutating func bracketed() throws(ChatTemplateError) -> TemplateExpression {
        if take(")") { return made(.list([])) }
        let first = try expression()
        if take(")") { return first }
        var items = [first]
        while take(","), !isNext(")") { items.append(try expression()) }
        try expect(")")
        return made(.list(items))
    }
}
