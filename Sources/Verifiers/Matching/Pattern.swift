// Regular expressions that match in linear time: a nondeterministic automaton, followed through all its states at once.

/// A compiled regular expression.
///
/// The syntax is the common part of all dialects: characters, `.`, `[a-z]`, `[^...]`, `\d \w \s` and their capitals,
/// escapes, `(...)`, `(?:...)`, `|`, `* + ? {m} {m,} {m,n}` and their lazy forms (which match the same texts), `^`, `$`.
/// Backreferences and look-around have no linear-time matching and are refused. Matching takes at most text × states
/// steps (Thompson 1968), whatever the pattern; there are at most `maximumStates`.
public struct Pattern: Sendable {
    public static let maximumStates = 2_000
    static let maximumDepth = 50

    /// What one state does.
    enum State: Sendable {
        case character(CharacterSet, next: Int)
        case split(Int, Int)
        case lineStart(next: Int)
        case textEnd(next: Int)
        case accept
    }

    private(set) var states: [State] = []
    private let start: Int

    /// - Throws: `VerifierError` `.badPattern`, naming the position.
    public init(_ text: String) throws {
        var parser = PatternParser(text)
        let tree = try parser.parse()
        var compiler = PatternCompiler()
        start = try compiler.compile(tree, next: compiler.add(.accept))
        states = compiler.states
    }

    /// Whether the pattern matches somewhere in the text, or the whole of it.
    public func matches(_ text: String, whole: Bool = false) -> Bool {
        var current = StateList(count: states.count)
        var next = StateList(count: states.count)
        var isFirst = true
        var scalars = text.unicodeScalars.makeIterator()
        var scalar = scalars.next()
        while true {
            if isFirst || !whole { follow(start, into: &current, isStart: isFirst, isEnd: scalar == nil) }
            if current.accepts, !whole || scalar == nil { return true }
            guard let character = scalar else { return false }
            scalar = scalars.next()
            next.removeAll()
            for index in current.members {
                if case .character(let set, let target) = states[index], set.contains(character) {
                    follow(target, into: &next, isStart: false, isEnd: scalar == nil)
                }
            }
            swap(&current, &next)
            isFirst = false
            if whole, current.members.isEmpty, !current.accepts { return false }
        }
    }

    /// Adds a state with all that are reached from it without reading.
    private func follow(_ state: Int, into list: inout StateList, isStart: Bool, isEnd: Bool) {
        var stack = [state]
        while let index = stack.popLast() {
            guard list.insert(index) else { continue }
            switch states[index] {
            case .split(let first, let second): stack += [second, first]
            case .lineStart(let next): if isStart { stack.append(next) }
            case .textEnd(let next): if isEnd { stack.append(next) }
            case .accept: list.accepts = true
            case .character: break
            }
        }
    }

    private struct StateList {
        var members: [Int] = []
        var accepts = false
        private var isMember: [Bool]

        init(count: Int) { isMember = [Bool](repeating: false, count: count) }

        mutating func insert(_ index: Int) -> Bool {
            guard !isMember[index] else { return false }
            isMember[index] = true
            members.append(index)
            return true
        }

        mutating func removeAll() {
            for index in members { isMember[index] = false }
            members.removeAll(keepingCapacity: true)
            accepts = false
        }
    }
}

/// A set of characters: ranges, possibly all but them.
struct CharacterSet: Sendable, Equatable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } != isNegated }

    static let digits = CharacterSet(ranges: [48...57])
    static let word = CharacterSet(ranges: [48...57, 65...90, 95...95, 97...122])
    static let space = CharacterSet(ranges: [9...13, 32...32])
    /// Everything but the end of a line.
    static let any = CharacterSet(ranges: [10...10], isNegated: true)
}
