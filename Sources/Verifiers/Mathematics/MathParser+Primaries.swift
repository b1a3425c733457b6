// The tight part of the grammar: powers, numbers, letters, brackets.

extension MathParser {
    mutating func power() throws -> MathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw MathFault.tooComplex }
        try work.spend(1)
        var base = try primary()
        while true {
            switch peek() {
            case .sign("!"):
                position += 1
                base = .function(.factorial, [base])
            case .sign("%"):
                position += 1
                base = .percent(base)
            case .command("degree"):
                position += 1
                base = .quantity(base, unit: "degree")
            case .sign("^") where peek(1) == .command("degree"):
                position += 2
                base = .quantity(base, unit: "degree")
            case .sign("^") where peek(1) == .sign("{") && peek(2) == .command("degree") && peek(3) == .sign("}"):
                position += 4
                base = .quantity(base, unit: "degree")
            case .sign("^"):
                position += 1
                base = .power(base, try exponent())
            default: return base
            }
        }
    }

    mutating func exponent() throws -> MathExpression {
        var isNegative = false
        while true {
            if take(.sign("-")) { isNegative.toggle() } else if !take(.sign("+")) { break }
        }
        let value = peek() == .sign("{") ? try group() : try power()
        return isNegative ? value.negated : value
    }

    /// A braced group, or the single token that LaTeX takes without braces.
    mutating func argument() throws -> MathExpression {
        peek() == .sign("{") ? try group() : try primary()
    }

    /// `{...}`: an expression, or a set if commas separate several.
    private mutating func group() throws -> MathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw MathFault.tooComplex }
        let (set, bars) = (isInSet, isInBars)
        (isInSet, isInBars) = (false, false)
        defer { (isInSet, isInBars) = (set, bars) }
        try expect(.sign("{"))
        let items = try list()
        try expect(.sign("}"))
        return items.count == 1 ? items[0] : .set(items)
    }

    private mutating func primary() throws -> MathExpression {
        try work.spend(1)
        guard let token = peek() else { throw MathFault.syntax }
        switch token {
        case .sign("{"): return try group()
        case .sign("("), .sign("["): return try brackets()
        case .sign("|"), .command("bar"):
            position += 1
            let wasInBars = isInBars
            isInBars = true
            let inner = try sum()
            isInBars = wasInBars
            try expect(token)
            return .function(.abs, [inner])
        default: break
        }
        position += 1
        switch token {
        case .number(let numeral): return try number(numeral)
        case .symbol(let name): return try symbol(name)
        case .function(let function): return try call(function)
        case .command(let name): return try construct(name)
        case .openSet: return try setBraces()
        case .begin(let name): return try matrix(name)
        default: throw MathFault.syntax
        }
    }

    private mutating func number(_ numeral: MathNumeral) throws -> MathExpression {
        let value = try numeral.value(work)
        if peek() == .sign("_"), value.isInteger {
            position += 1
            guard case .number(let base, _) = try argument(), let base = base.int, 2...36 ~= base else {
                throw MathFault.syntax
            }
            return .based(value, value: try Self.value(numeral.digits, base: base, work), base: base)
        }
        let plain = MathExpression.number(value, isDecimal: numeral.isDecimal)
        guard numeral.fraction == nil, numeral.exponent == nil else { return plain }
        // A whole number directly before a proper fraction: a mixed number.
        let start = position
        if take(.space) {
            if case .number(let top)? = peek(), peek(1) == .sign("/"), case .number(let bottom)? = peek(2) {
                position += 3
                if let fraction = try Self.properFraction(top.value(work), bottom.value(work), work) {
                    return .number(try value.plus(fraction, work), isDecimal: false)
                }
            }
            throw MathFault.syntax
        }
        if take(.command("frac")) {
            if case .number(let top, false) = try argument(), case .number(let bottom, false) = try argument(),
                let fraction = try Self.properFraction(top, bottom, work)
            {
                return .number(try value.plus(fraction, work), isDecimal: false)
            }
            position = start
        }
        return plain
    }

    private static func properFraction(_ top: Rational, _ bottom: Rational, _ work: MathWork) throws -> Rational? {
        guard top.isInteger, bottom.isInteger, !top.isNegative, try top.isLess(than: bottom, work) else { return nil }
        return try top.divided(by: bottom, work)
    }

    /// What digits stand for in a base; nil if a digit is not below it.
    private static func value(_ digits: String, base: Int, _ work: MathWork) throws -> Rational? {
        var value = BigInteger.zero
        for digit in digits.utf8 {
            guard Int(digit) - 48 < base else { return nil }
            value = try value.times(BigInteger(base), work).plus(BigInteger(Int(digit) - 48), work)
        }
        return Rational(value)
    }

    private mutating func symbol(_ name: String) throws -> MathExpression {
        if peek() == .sign("_") {
            position += 1
            let start = position
            _ = try argument()
            return .symbol(name + "_" + tokens[start..<position].map(Self.spelling).joined())
        }
        switch name {
        case "e": return .e
        case "i": return .imaginary
        default: return .symbol(name)
        }
    }

    /// A token in a subscript; braces do not count.
    private static func spelling(_ token: MathToken) -> String {
        switch token {
        case .sign("{"), .sign("}"), .space: ""
        case .number(let numeral): numeral.digits + (numeral.fraction.map { "." + $0 } ?? "")
        case .symbol(let name): name
        case .sign(let sign): String(sign)
        case .text(let words): words
        default: "\(token)"
        }
    }
}
