// From the text of an answer to tokens: LaTeX, plain notation, and the mixtures of both that models write.

/// Reads tokens from left to right, in one pass.
///
/// `1,234` is a number or two items of a list; `joinsThousands` says which reading is wanted, and `isAmbiguous` whether
/// it made a difference.
struct MathLexer {
    static let maximumScalars = 2_000
    static let maximumTokens = 1_000

    private(set) var tokens: [MathToken] = []
    private(set) var isAmbiguous = false
    var scalars: [Unicode.Scalar] = []
    var position = 0
    let joinsThousands: Bool
    let work: MathWork

    /// - Throws: `MathFault.syntax` for what cannot be read, `.tooComplex` for what is too long.
    init(_ text: String, joinsThousands: Bool, _ work: MathWork) throws {
        self.joinsThousands = joinsThousands
        self.work = work
        guard text.utf8.count <= 4 * Self.maximumScalars else { throw MathFault.tooComplex }
        for scalar in text.unicodeScalars {
            if let known = MathVocabulary.signs[scalar] {
                scalars.append(contentsOf: known.unicodeScalars)
            } else {
                scalars.append(scalar)
            }
        }
        guard scalars.count <= Self.maximumScalars else { throw MathFault.tooComplex }
        try work.spend(scalars.count)
        while position < scalars.count { try readOne() }
    }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    func hasPrefix(_ text: String) -> Bool {
        var index = position
        for scalar in text.unicodeScalars {
            guard index < scalars.count, scalars[index] == scalar else { return false }
            index += 1
        }
        return true
    }

    mutating func emit(_ token: MathToken) throws {
        guard tokens.count < Self.maximumTokens else { throw MathFault.tooComplex }
        try work.spend(1)
        if case .text(let words) = token, case .text(let before)? = tokens.last, !MathLexer.isSeparator(words),
            !MathLexer.isSeparator(before)
        {
            tokens[tokens.count - 1] = .text(before + " " + words)
            return
        }
        tokens.append(token)
    }

    /// Words that separate the items of a list.
    static func isSeparator(_ words: String) -> Bool { ["and", "or", "and/or"].contains(words) }

    private mutating func readOne() throws {
        guard let scalar = peek() else { return }
        switch scalar {
        case " ", "\t", "\n", "\r", "~":
            while let next = peek(), [" ", "\t", "\n", "\r", "~"].contains(next) { position += 1 }
            if case .number? = tokens.last, let next = peek(), next.isDigit { try emit(.space) }
        case "$": position += 1
        case "\\": try readCommand()
        case "0"..."9": try readNumber()
        case "." where peek(1)?.isDigit == true: try readNumber()
        case "a"..."z", "A"..."Z": try readLetters()
        case "<", ">", "=", "!":
            try readComparison(scalar)
        case "*":
            position += peek(1) == "*" ? 2 : 1
            try emit(.sign(scalars[position - 1] == "*" && position >= 2 && scalars[position - 2] == "*" ? "^" : "*"))
        case "'":
            position += 1
            guard case .symbol(let name)? = tokens.last else { throw MathFault.syntax }
            tokens[tokens.count - 1] = .symbol(name + "'")
        case "+", "-", "/", "^", "_", "(", ")", "[", "]", "{", "}", "|", ",", ";", ":", "%", "&":
            position += 1
            try emit(.sign(Character(scalar)))
        default:
            guard scalar.properties.isAlphabetic else { throw MathFault.syntax }
            var word = ""
            while let next = peek(), next.properties.isAlphabetic {
                word.unicodeScalars.append(next)
                position += 1
            }
            try emit(.text(word.lowercased()))
        }
    }

    private mutating func readComparison(_ scalar: Unicode.Scalar) throws {
        let isDouble = peek(1) == "="
        position += isDouble ? 2 : 1
        switch (scalar, isDouble) {
        case ("<", false): try emit(.relation(.less))
        case ("<", true): try emit(.relation(.lessOrEqual))
        case (">", false): try emit(.relation(.greater))
        case (">", true): try emit(.relation(.greaterOrEqual))
        case ("!", true): try emit(.relation(.notEqual))
        case ("!", false): try emit(.sign("!"))
        default: try emit(.relation(.equal))
        }
    }

    /// One digit as LaTeX takes it for the arguments of `\frac12` and `\sqrt2`.
    mutating func readSingleDigits(_ count: Int) throws {
        for _ in 0..<count {
            while let next = peek(), next == " " { position += 1 }
            guard let next = peek(), next.isDigit else { return }
            position += 1
            try emit(.number(MathNumeral(digits: String(Character(next)))))
        }
    }

    private mutating func readNumber() throws {
        var numeral = MathNumeral(digits: readDigits())
        if 1...3 ~= numeral.digits.count, numeral.digits.first != "0" { try readThousands(into: &numeral) }
        if numeral.fraction == nil, peek() == ".", peek(1)?.isDigit == true {
            position += 1
            numeral.fraction = readDigits()
        }
        let bar = "\\overline{"
        let skipped = numeral.fraction == nil && peek() == "." ? 1 : 0
        position += skipped
        if skipped == 1 || numeral.fraction != nil, hasPrefix(bar) {
            position += bar.unicodeScalars.count
            numeral.fraction = numeral.fraction ?? ""
            numeral.repeating = readDigits()
            guard peek() == "}", numeral.repeating?.isEmpty == false else { throw MathFault.syntax }
            position += 1
        } else {
            position -= skipped
            try readExponent(into: &numeral)
        }
        try emit(.number(numeral))
    }

    private mutating func readDigits() -> String {
        var digits = ""
        while let next = peek(), next.isDigit {
            digits.unicodeScalars.append(next)
            position += 1
        }
        return digits
    }

    /// Groups of exactly three digits behind a separator. `,` alone may also separate items, and a comma in braces
    /// before another number of digits is a decimal comma.
    private mutating func readThousands(into numeral: inout MathNumeral) throws {
        while true {
            let separators = ["{,}", "\\,", ",\\!", ",\\,", ",", " "]
            guard let separator = separators.first(where: hasPrefix) else { return }
            let start = position
            position += separator.unicodeScalars.count
            let group = readDigits()
            if group.count == 3, separator != " " || peek() != "/" {
                if separator == "," {
                    isAmbiguous = true
                    if !joinsThousands {
                        position = start
                        return
                    }
                }
                numeral.digits += group
            } else if separator == "{,}", !group.isEmpty {
                numeral.fraction = group
                return
            } else {
                position = start
                return
            }
        }
    }

    /// `e3`, `E-5` directly behind the digits, unless letters follow (`2e3x` is no number).
    private mutating func readExponent(into numeral: inout MathNumeral) throws {
        guard peek() == "e" || peek() == "E" else { return }
        let isSigned = peek(1) == "-" || peek(1) == "+"
        guard peek(isSigned ? 2 : 1)?.isDigit == true else { return }
        let isNegative = peek(1) == "-"
        position += isSigned ? 2 : 1
        guard let value = Int(readDigits()), value <= 1_000 else { throw MathFault.tooComplex }
        numeral.exponent = isNegative ? -value : value
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }
    var isLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}
