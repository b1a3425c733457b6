// From tokens to a tree: recursive descent with bounds on depth and size.

/// The grammar of answers, from loose to tight:
///
///     list = item (("," | ";" | "and" | "or") item)* ;  item = operation (relation operation)*
///     operation = ratio (("∪" | "∩" | "∖") ratio)* ;  ratio = sum (":" sum)*
///     sum = term (("+" | "-" | "±" | "∓") term)* [unit] ;  term = power (["*" | "/"] power)*
///     power = primary ["!" | "%" | "°"]* ["^" power]
struct MathParser {
    static let maximumDepth = 40

    let tokens: [MathToken]
    var position = 0
    var depth = 0
    /// Inside `\{x : ...\}` a colon is no ratio and a bar no absolute value.
    var isInSet = false
    var isInBars = false
    let work: MathWork

    /// Reads a whole text. `isAmbiguous` says that a comma was read one of two ways (see `MathLexer`).
    /// - Throws: `MathFault`.
    static func parse(
        _ text: String, joinsThousands: Bool, _ work: MathWork
    ) throws -> (expression: MathExpression, isAmbiguous: Bool) {
        let lexer = try MathLexer(text, joinsThousands: joinsThousands, work)
        var parser = MathParser(tokens: lexer.tokens, work: work)
        let items = try parser.list()
        guard parser.position == parser.tokens.count, let first = items.first else { throw MathFault.syntax }
        return (items.count == 1 ? first : .list(items), lexer.isAmbiguous)
    }

    init(tokens: [MathToken], work: MathWork) {
        self.tokens = tokens
        self.work = work
    }

    func peek(_ offset: Int = 0) -> MathToken? {
        position + offset < tokens.count ? tokens[position + offset] : nil
    }

    mutating func take(_ token: MathToken) -> Bool {
        guard peek() == token else { return false }
        position += 1
        return true
    }

    mutating func expect(_ token: MathToken) throws {
        guard take(token) else { throw MathFault.syntax }
    }

    /// Takes what stands between two items; nil if nothing does.
    private mutating func separator() -> Separator? {
        var found: Separator?
        while let token = peek() {
            switch token {
            case .sign(","), .sign(";"): found = found ?? .comma
            case .command("and"): found = .and
            case .command("or"): found = .or
            case .text(let words) where MathLexer.isSeparator(words): found = words == "or" ? .or : .and
            default: return found
            }
            position += 1
        }
        return found
    }

    private enum Separator { case comma, and, or }

    /// Items in a row. Inequalities that "or" joins are a union, those that "and" joins an intersection.
    mutating func list() throws -> [MathExpression] {
        var items = [try item()]
        var separators: [Separator] = []
        while let next = separator() {
            separators.append(next)
            items.append(try item())
        }
        guard let first = separators.first, first != .comma, separators.allSatisfy({ $0 == first }),
            items.allSatisfy(\.isInequality)
        else { return items }
        return [
            items.dropFirst().reduce(items[0]) { .setOperation(first == .or ? .union : .intersection, $0, $1) }
        ]
    }

    mutating func item() throws -> MathExpression {
        _ = take(.relation(.equal))
        var parts = [try words() ?? operation()]
        var relations: [MathRelation] = []
        while case .relation(let relation)? = peek() {
            position += 1
            relations.append(relation)
            parts.append(try words() ?? operation())
        }
        return relations.isEmpty ? parts[0] : .relation(parts, relations)
    }

    /// Words that are a whole side of an item.
    private mutating func words() throws -> MathExpression? {
        guard case .text(let words)? = peek() else { return nil }
        if ["approximately", "about", "exactly", "roughly", "around", "a total of"].contains(words) {
            position += 1
            return nil
        }
        guard !MathLexer.isSeparator(words) else { throw MathFault.syntax }
        switch peek(1) {
        case nil, .sign(","), .sign(";"), .relation, .sign(")"), .sign("}"), .sign("]"), .closeSet, .text, .newRow,
            .sign("&"), .end:
            position += 1
            return .text(words)
        default: throw MathFault.syntax
        }
    }

    mutating func operation() throws -> MathExpression {
        var left = try ratio()
        while true {
            let operation: MathSetOperation
            switch peek() {
            case .command("cup"): operation = .union
            case .command("cap"): operation = .intersection
            case .command("setminus"): operation = .difference
            default: return left
            }
            position += 1
            left = .setOperation(operation, left, try ratio())
        }
    }

    private mutating func ratio() throws -> MathExpression {
        var parts = [try sum()]
        while !isInSet, take(.sign(":")) { parts.append(try sum()) }
        return parts.count == 1 ? parts[0] : .ratio(parts)
    }

    mutating func sum() throws -> MathExpression {
        try work.spend(1)
        var terms: [MathExpression] = []
        if peek() != .command("pm"), peek() != .command("mp") { terms.append(try term()) }
        while true {
            switch peek() {
            case .sign("+"):
                position += 1
                terms.append(try term())
            case .sign("-"):
                position += 1
                terms.append(try term().negated)
            case .command("pm"), .command("mp"):
                let isFlipped = peek() == .command("mp")
                position += 1
                let before: MathExpression = terms.count == 1 ? terms[0] : .sum(terms)
                terms = [.plusMinus(before, try term(), isFlipped: isFlipped)]
            default:
                let value: MathExpression = terms.count == 1 ? terms[0] : .sum(terms)
                guard let unit = unit() else { return value }
                // Longer than a unit: a sentence, which may say anything about the number.
                guard unit.split(separator: " ").count <= 3 else { throw MathFault.syntax }
                return .quantity(value, unit: unit)
            }
        }
    }

    private mutating func term() throws -> MathExpression {
        var factors = [try signedPower()]
        while true {
            switch peek() {
            case .sign("*"), .command("times"):
                position += 1
                factors.append(try signedPower())
            case .sign("/"), .command("div"):
                position += 1
                factors = [.quotient(factors.count == 1 ? factors[0] : .product(factors), try signedPower())]
            default:
                guard startsFactor else { return factors.count == 1 ? factors[0] : .product(factors) }
                factors.append(try power())
            }
        }
    }

    /// A factor behind a sign of operation, which may have signs of its own: `2 \cdot -3`.
    private mutating func signedPower() throws -> MathExpression {
        var isNegative = false
        while true {
            if take(.sign("-")) { isNegative.toggle() } else if !take(.sign("+")) { break }
        }
        let value = try power()
        return isNegative ? value.negated : value
    }

    /// Whether the next token begins a factor that is multiplied without a sign.
    private var startsFactor: Bool {
        switch peek() {
        case .symbol, .function, .sign("("), .sign("{"): return true
        case .number:
            if case .number? = position > 0 ? tokens[position - 1] : nil { return false }
            return true
        case .sign("|"), .command("bar"): return !isInBars && !isInSet
        case .command(let name):
            return ["frac", "sqrt", "binom", "pi", "infinity", "lfloor", "lceil", "overline"].contains(name)
        default: return false
        }
    }

    /// Words behind a value, with powers and quotients: `cm^2`, `km/h`.
    private mutating func unit() -> String? {
        guard case .text(let words)? = peek(), !MathLexer.isSeparator(words) else { return nil }
        position += 1
        var unit = words
        while true {
            if case .text(let more)? = peek(), !MathLexer.isSeparator(more) {
                position += 1
                unit += " " + more
            } else if peek() == .sign("^"), case .number(let power)? = peek(1) {
                position += 2
                unit += "^" + power.digits
            } else if peek() == .sign("^"), peek(1) == .sign("{"), case .number(let power)? = peek(2),
                peek(3) == .sign("}")
            {
                position += 4
                unit += "^" + power.digits
            } else if peek() == .sign("/"), case .text(let more)? = peek(1) {
                position += 2
                unit += "/" + more
            } else if peek() == .sign("/"), case .symbol(let letter)? = peek(1), letter.count == 1 {
                position += 2
                unit += "/" + letter
            } else {
                return unit
            }
        }
    }
}
