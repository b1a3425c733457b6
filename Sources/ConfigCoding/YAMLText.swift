// YAML text to tree: the only use of Yams. What configurations do without is refused before it can cost anything.

import Yams

/// Reads one YAML document into a tree with lines.
enum YAMLText {
    static let maximumBytes = 1_000_000
    static let maximumDepth = 64

    /// The document's root; an empty document is an empty mapping.
    /// - Parameter place: turns a line into what messages call it.
    static func tree(_ text: String, name: String, place: (Int) -> String) throws -> ConfigNode {
        guard text.utf8.count <= maximumBytes else { throw ConfigError.tooLarge(name) }
        // Aliases can make a small file grow without bound, already inside the parser, so they must be found first.
        if let (alias, line) = firstAlias(in: text) { throw ConfigError.alias(alias, place: place(line)) }
        do {
            // `basic` leaves every scalar a text: which kind it is depends on who asks, not on its looks.
            guard let root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot() else {
                return ConfigNode(value: .mapping([]), place: place(1))
            }
            return try node(root, depth: 0, line: 1, place: place)
        } catch let error as YamlError {
            throw sentence(for: error, place: place)
        }
    }

    private static func node(_ node: Node, depth: Int, line: Int, place: (Int) -> String) throws -> ConfigNode {
        let line = node.mark?.line ?? line
        guard depth <= maximumDepth else { throw ConfigError.tooDeep(place: place(line)) }
        switch node {
        case .scalar(let scalar):
            try check(scalar.tag, place: place(line))
            let isPlain = scalar.style == .plain || scalar.style == .any
            return ConfigNode(value: .scalar(scalar.string, isPlain: isPlain), place: place(line))
        case .sequence(let sequence):
            try check(sequence.tag, place: place(line))
            let items = try sequence.map { try self.node($0, depth: depth + 1, line: line, place: place) }
            return ConfigNode(value: .list(items), place: place(line))
        case .mapping(let mapping):
            try check(mapping.tag, place: place(line))
            var entries: [(key: String, node: ConfigNode)] = []
            for (key, value) in mapping {
                let keyLine = key.mark?.line ?? line
                guard case .scalar(let word) = key else { throw ConfigError.keyNotText(place: place(keyLine)) }
                var child = try self.node(value, depth: depth + 1, line: keyLine, place: place)
                // The line of the key is where a reader looks, also when the value begins below it.
                child.place = place(keyLine)
                entries.append((word.string, child))
            }
            return ConfigNode(value: .mapping(entries), place: place(line))
        case .alias(let alias):
            throw ConfigError.alias(alias.anchor.rawValue, place: place(line))
        }
    }

    private static func check(_ tag: Tag, place: String) throws {
        let name = Tag.Name(rawValue: tag.description)
        guard [.implicit, .nonSpecific, .str, .seq, .map].contains(name) else {
            throw ConfigError.tag(name.rawValue, place: place)
        }
    }

    private static func sentence(for error: YamlError, place: (Int) -> String) -> ConfigError {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let words = [context?.text, problem].compactMap { $0 }.joined(separator: ", ")
            return .notYAML(words, place: place(mark.line), cause: error)
        case .composer(let context, let problem, let mark, _):
            let words = [context?.text, problem].compactMap { $0 }.joined(separator: " ")
            return .notYAML(words, place: place(mark.line), cause: error)
        case .duplicatedKeysInMapping(let duplicates, let context):
            return .duplicateKey(duplicates.first ?? "a key", place: place(context.mark.line))
        case .reader(let problem, _, _, _):
            return .notYAML(problem, place: place(1), cause: error)
        case .memory:
            // The parser's own stack limit, far above ours, is reported as exhausted memory.
            return .tooDeep(place: place(1))
        default:
            return .notYAML("it cannot be parsed", place: place(1), cause: error)
        }
    }

    /// The first `*name` for which an `&name` exists anywhere, and its line.
    ///
    /// Purely textual, so it also sees quoted text and comments; that a text holds both forms of one name by accident
    /// is the price of never handing an alias to the parser.
    private static func firstAlias(in text: String) -> (name: String, line: Int)? {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "*")), bytes.contains(UInt8(ascii: "&")) else { return nil }
        var anchors: Set<String> = []
        var aliases: [(name: String, line: Int)] = []
        var line = 1
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            guard bytes[index] == UInt8(ascii: "*") || bytes[index] == UInt8(ascii: "&"),
                index == 0 || !isNameByte(bytes[index - 1])
            else { continue }
            let name = String(decoding: bytes[(index + 1)...].prefix(while: isNameByte), as: UTF8.self)
            if name.isEmpty { continue }
            if bytes[index] == UInt8(ascii: "&") { anchors.insert(name) } else { aliases.append((name, line)) }
        }
        return aliases.first { anchors.contains($0.name) }
    }

    /// The letters of an anchor in the parser used.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
