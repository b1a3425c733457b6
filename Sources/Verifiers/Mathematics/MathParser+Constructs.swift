// Constructs with a shape of their own: fractions, roots, functions, brackets, sets, matrices.

extension MathParser {
    mutating func construct(_ name: String) throws -> MathExpression {
        switch name {
        case "pi": return .pi
        case "infinity": return .infinity
        case "reals": return .reals
        case "empty": return .set([])
        case "frac":
            let top = try argument()
            return .quotient(top, try argument())
        case "binom":
            let top = try argument()
            return .function(.binomial, [top, try argument()])
        case "sqrt":
            var index = 2
            if take(.sign("[")) {
                guard case .number(let written, _) = try sum(), let whole = written.int, 2...64 ~= whole else {
                    throw MathFault.syntax
                }
                index = whole
                try expect(.sign("]"))
            }
            return .root(index, try argument())
        case "lfloor", "lceil":
            let inner = try sum()
            try expect(.command(name == "lfloor" ? "rfloor" : "rceil"))
            return .function(name == "lfloor" ? .floor : .ceil, [inner])
        case "overline":
            guard case .product(let letters) = try argument(), letters.count == 2,
                case .symbol(let a) = letters[0], case .symbol(let b) = letters[1]
            else { throw MathFault.syntax }
            return .symbol("overline " + [a, b].sorted().joined())
        case "langle":
            let items = try list()
            try expect(.command("rangle"))
            return .bracketed(open: "(", items, close: ")")
        default: throw MathFault.syntax
        }
    }

    /// `\sin x`, `\sin(x)`, `\sin^2 x`, `\sin^{-1} x`, `\log_2 8`, `\max(1, 2)`.
    mutating func call(_ function: MathFunction) throws -> MathExpression {
        var function = function
        var base: MathExpression?
        var power: MathExpression?
        if function == .log, take(.sign("_")) { base = try argument() }
        if take(.sign("^")) {
            power = try exponent()
            if case .product(let factors)? = power, factors == [.integer(-1), .integer(1)] {
                let inverses: [MathFunction: MathFunction] = [.sin: .arcsin, .cos: .arccos, .tan: .arctan]
                guard let inverse = inverses[function] else { throw MathFault.syntax }
                (function, power) = (inverse, nil)
            }
        }
        if function == .log, base == nil, take(.sign("_")) { base = try argument() }
        let arguments = try callArguments()
        let isMany = [.gcd, .lcm, .max, .min].contains(function)
        guard isMany ? !arguments.isEmpty : arguments.count == (function == .binomial ? 2 : 1) else {
            throw MathFault.syntax
        }
        let value: MathExpression = base.map { .function(.logBase, [$0] + arguments) } ?? .function(function, arguments)
        return power.map { .power(value, $0) } ?? value
    }

    private mutating func callArguments() throws -> [MathExpression] {
        if peek() == .sign("(") || peek() == .sign("{") {
            switch try argument() {
            case .bracketed(open: "(", let items, close: ")"), .set(let items): return items
            case let single: return [single]
            }
        }
        var factors = [try power()]
        // `\sin 2x` is the sine of 2x, `\sin x \cos x` a product of two functions.
        while true {
            switch peek() {
            case .symbol, .command("pi"), .command("frac"), .command("sqrt"): factors.append(try power())
            default: return [factors.count == 1 ? factors[0] : .product(factors)]
            }
        }
    }

    mutating func brackets() throws -> MathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw MathFault.tooComplex }
        let (set, bars) = (isInSet, isInBars)
        (isInSet, isInBars) = (false, false)
        defer { (isInSet, isInBars) = (set, bars) }
        guard case .sign(let open)? = peek() else { throw MathFault.syntax }
        position += 1
        let items = try list()
        guard case .sign(let close)? = peek(), close == ")" || close == "]" else { throw MathFault.syntax }
        position += 1
        if items.count == 1 {
            guard (open == "(") == (close == ")") else { throw MathFault.syntax }
            return items[0]
        }
        return .bracketed(open: open, items, close: close)
    }

    /// `\{1, 2\}`, or `\{x : x > 0\}` for one condition on one letter.
    mutating func setBraces() throws -> MathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw MathFault.tooComplex }
        if take(.closeSet) { return .set([]) }
        let (set, bars) = (isInSet, isInBars)
        (isInSet, isInBars) = (true, false)
        defer { (isInSet, isInBars) = (set, bars) }
        var items = try list()
        if items.count == 1, take(.sign(":")) || take(.sign("|")) || take(.command("bar")) {
            items = try list()
            guard items.count == 1, case .relation = items[0] else { throw MathFault.syntax }
            try expect(.closeSet)
            return items[0]
        }
        try expect(.closeSet)
        return .set(items)
    }

    mutating func matrix(_ name: String) throws -> MathExpression {
        guard ["matrix", "pmatrix", "bmatrix", "smallmatrix", "array"].contains(name) else { throw MathFault.syntax }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw MathFault.tooComplex }
        var rows: [[MathExpression]] = []
        while true {
            var row = [try item()]
            while take(.sign("&")) { row.append(try item()) }
            rows.append(row)
            if take(.newRow), peek() != .end(name) { continue }
            try expect(.end(name))
            guard rows.allSatisfy({ $0.count == row.count }) else { throw MathFault.syntax }
            return .matrix(rows)
        }
    }
}
