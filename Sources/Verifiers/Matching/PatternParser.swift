// From the text of a regular expression to a tree, and from the tree to an automaton.

indirect enum PatternTree {
    case empty
    case character(CharacterSet)
    case sequence([PatternTree])
    case choice([PatternTree])
    case repeated(PatternTree, atLeast: Int, atMost: Int?)
    case start, end
}

struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws -> PatternTree {
        guard scalars.count <= 10_000 else { throw fault("is longer than 10000 characters") }
        let tree = try choice()
        guard position == scalars.count else { throw fault("has a ) without (") }
        return tree
    }

    private func fault(_ message: String) -> VerifierError {
        let shown = String(String.UnicodeScalarView(scalars.prefix(80)))
        return VerifierError(.badPattern, "the pattern \(message) at character \(position + 1)", place: shown)
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func choice() throws -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Pattern.maximumDepth else { throw fault("is nested too deeply") }
        var options = [try sequence()]
        while take("|") { options.append(try sequence()) }
        return options.count == 1 ? options[0] : .choice(options)
    }

    private mutating func sequence() throws -> PatternTree {
        var parts: [PatternTree] = []
        while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated()) }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func repeated() throws -> PatternTree {
        let atom = try atom()
        var bounds: (Int, Int?)?
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else if next == "{" {
            bounds = try braces()
        }
        guard let (low, high) = bounds else { return atom }
        // A lazy quantifier matches the same texts; a possessive one does not.
        _ = take("?")
        if let scalar = next, ["*", "+", "{"].contains(scalar) { throw fault("repeats a repetition") }
        return .repeated(atom, atLeast: low, atMost: high)
    }

    private mutating func braces() throws -> (Int, Int?) {
        position += 1
        func number() -> Int? {
            var digits = ""
            while let scalar = next, scalar.isDigit, digits.count < 5 {
                digits.unicodeScalars.append(scalar)
                position += 1
            }
            return Int(digits)
        }
        guard let low = number() else { throw fault("has a { that begins no count; write \\{ for the character") }
        var high: Int? = low
        if take(",") { high = next == "}" ? nil : number() }
        guard take("}"), high.map({ low <= $0 }) ?? true else { throw fault("has a count that is none") }
        return (low, high)
    }

    private mutating func atom() throws -> PatternTree {
        guard let scalar = next else { throw fault("ends too early") }
        position += 1
        switch scalar {
        case "(":
            if take("?"), !take(":") { throw fault("uses (?, of which only (?: is supported") }
            let inner = try choice()
            guard take(")") else { throw fault("has a ( without )") }
            return inner
        case "[": return .character(try brackets())
        case ".": return .character(.any)
        case "^": return .start
        case "$": return .end
        case "*", "+", "?": throw fault("repeats nothing")
        case "\\": return try .character(escape())
        default: return .character(CharacterSet(ranges: [scalar.value...scalar.value]))
        }
    }

    /// What follows a backslash.
    private mutating func escape() throws -> CharacterSet {
        guard let scalar = next else { throw fault("ends with a backslash") }
        position += 1
        switch scalar {
        case "d", "D": return CharacterSet(ranges: CharacterSet.digits.ranges, isNegated: scalar == "D")
        case "w", "W": return CharacterSet(ranges: CharacterSet.word.ranges, isNegated: scalar == "W")
        case "s", "S": return CharacterSet(ranges: CharacterSet.space.ranges, isNegated: scalar == "S")
        case "n": return CharacterSet(ranges: [10...10])
        case "t": return CharacterSet(ranges: [9...9])
        case "r": return CharacterSet(ranges: [13...13])
        case _ where scalar.isDigit || scalar.isLetter:
            throw fault("uses \\\(scalar), which is not supported")
        default: return CharacterSet(ranges: [scalar.value...scalar.value])
        }
    }

    private mutating func brackets() throws -> CharacterSet {
        var set = CharacterSet(ranges: [], isNegated: take("^"))
        var isFirst = true
        while isFirst || next != "]" {
            isFirst = false
            guard let scalar = next else { throw fault("has a [ without ]") }
            position += 1
            var low = CharacterSet(ranges: [scalar.value...scalar.value])
            if scalar == "\\" { low = try escape() }
            if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                guard let end = next else { throw fault("has a [ without ]") }
                position += 1
                let high = end == "\\" ? try escape() : CharacterSet(ranges: [end.value...end.value])
                guard !low.isNegated, !high.isNegated, low.ranges.count == 1, high.ranges.count == 1,
                    let first = low.ranges.first, let last = high.ranges.first, first.count == 1, last.count == 1,
                    first.lowerBound <= last.lowerBound
                else { throw fault("has a range that is none") }
                set.ranges.append(first.lowerBound...last.lowerBound)
            } else {
                guard !low.isNegated else { throw fault("has a negated class in brackets, which is not supported") }
                set.ranges += low.ranges
            }
        }
        position += 1
        return set
    }
}

/// Builds states from the end to the start, so that each knows the next.
struct PatternCompiler {
    private(set) var states: [Pattern.State] = []

    mutating func add(_ state: Pattern.State) throws -> Int {
        guard states.count < Pattern.maximumStates else {
            throw VerifierError(
                .badPattern, "the pattern needs more than \(Pattern.maximumStates) states; lower its counts", place: "")
        }
        states.append(state)
        return states.count - 1
    }

    /// The entry of an automaton that continues at `next`.
    mutating func compile(_ tree: PatternTree, next: Int) throws -> Int {
        switch tree {
        case .empty: return next
        case .character(let set): return try add(.character(set, next: next))
        case .start: return try add(.lineStart(next: next))
        case .end: return try add(.textEnd(next: next))
        case .sequence(let parts):
            var entry = next
            for part in parts.reversed() { entry = try compile(part, next: entry) }
            return entry
        case .choice(let options):
            var entry = try compile(options[options.count - 1], next: next)
            for option in options.dropLast().reversed() {
                entry = try add(.split(compile(option, next: next), entry))
            }
            return entry
        case .repeated(let inner, let low, let high):
            var entry = next
            if let high {
                for _ in low..<high { entry = try add(.split(compile(inner, next: entry), next)) }
            } else {
                let loop = try add(.split(next, next))
                states[loop] = .split(try compile(inner, next: loop), next)
                entry = loop
            }
            for _ in 0..<low { entry = try compile(inner, next: entry) }
            return entry
        }
    }
}
