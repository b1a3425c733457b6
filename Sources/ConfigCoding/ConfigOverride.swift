// Overrides from the command line: `section.key=value`, applied to the tree before anybody reads it.

/// One `section.key=value`.
struct ConfigOverride {
    var path: [String]
    var node: ConfigNode

    /// - Throws: `ConfigError` `.syntax` if the text has no `=`, an empty key, or a value that is not YAML.
    init(_ text: String) throws {
        guard let equals = text.firstIndex(of: "=") else { throw ConfigError.override(text) }
        path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path.allSatisfy({ key in !key.isEmpty && !key.contains(where: \.isWhitespace) }),
            path.count <= YAMLText.maximumDepth
        else { throw ConfigError.override(text) }
        let place = ConfigError.overridePlace(text)
        let value = String(text[text.index(after: equals)...])
        // An empty value means "nothing", as it does in a file.
        let isEmpty = value.allSatisfy(\.isWhitespace)
        node =
            isEmpty
            ? ConfigNode(value: .scalar("", isPlain: true), place: place)
            : try YAMLText.tree(value, name: place) { _ in place }
    }

    /// Sets the value in the tree, creating the sections on the way.
    /// - Throws: `ConfigError` `.wrongType` if something on the way is a single value or a list.
    func apply(to root: inout ConfigNode) throws {
        try Self.set(path[...], to: node, in: &root, above: [])
    }

    private static func set(
        _ path: ArraySlice<String>, to node: ConfigNode, in tree: inout ConfigNode, above: [String]
    ) throws {
        guard let key = path.first else {
            tree = node
            return
        }
        var entries: [(key: String, node: ConfigNode)]
        switch tree.value {
        case .mapping(let existing): entries = existing
        case _ where tree.isNull: entries = []
        default:
            throw ConfigError.wrongType(
                above.joined(separator: "."), kind: "a section", got: tree.shown, place: node.place)
        }
        let position = entries.firstIndex { $0.key == key }
        var child = position.map { entries[$0].node } ?? ConfigNode(value: .mapping([]), place: node.place)
        try set(path.dropFirst(), to: node, in: &child, above: above + [key])
        if let position { entries[position].node = child } else { entries.append((key, child)) }
        tree.value = .mapping(entries)
    }
}
