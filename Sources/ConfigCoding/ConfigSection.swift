// The strict view of one section of a configuration: it remembers which keys were asked for, and the rest are errors.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One mapping of a YAML configuration.
///
/// Readers ask for the keys they know, in any order, and whoever loaded the file calls `finish()` at the end, which
/// names the first key that nobody asked for. Defaults are given by the reader; a section that is absent reads as an
/// empty one.
public final class ConfigSection {
    /// Dotted path of this section: `""` at the root, `algorithm` below.
    public let path: String
    /// Verbatim YAML of the whole file; overrides follow, one comment line each, so that the text tells two runs apart.
    public let sourceText: String
    /// Where the section is written.
    let place: String
    let entries: [(key: String, node: ConfigNode)]
    /// Keys that a reader knows; the candidates of suggestions.
    private var known: [String] = []
    /// Keys whose value was read.
    private var read: Set<String> = []
    /// Sections already handed out: two readers of one section see each other's keys.
    private var children: [String: ConfigSection] = [:]

    private init(path: String, entries: [(key: String, node: ConfigNode)], place: String, sourceText: String) {
        self.path = path
        self.entries = entries
        self.place = place
        self.sourceText = sourceText
    }

    /// Reads a configuration file.
    /// - Parameter overrides: `section.key=value`, each applied in turn; the value is YAML, missing sections are
    ///   created.
    /// - Throws: `ConfigError` `.unreadable`, `.syntax`, or `.wrongType` for an override into something that is no
    ///   section.
    public static func load(file: String, overrides: [String] = []) throws -> ConfigSection {
        let bytes = try contents(of: file)
        guard bytes.count <= YAMLText.maximumBytes else { throw ConfigError.tooLarge(file) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ConfigError.notText(file) }
        return try parse(text, name: file, overrides: overrides)
    }

    /// Reads a configuration from text; `name` stands for the file in messages.
    /// - Throws: as `load(file:overrides:)`.
    public static func parse(_ yaml: String, name: String, overrides: [String] = []) throws -> ConfigSection {
        let label = ConfigError.shown(name)
        var root = try YAMLText.tree(yaml, name: name) { "\(label):\($0)" }
        if root.isNull { root.value = .mapping([]) }
        guard case .mapping = root.value else { throw ConfigError.notMapping(root.shown, place: root.place) }
        for override in overrides {
            try ConfigOverride(override).apply(to: &root)
        }
        guard case .mapping(let entries) = root.value else {
            throw ConfigError.notMapping(root.shown, place: root.place)
        }
        let isOpenLine = (yaml.utf8.last ?? UInt8(ascii: "\n")) != UInt8(ascii: "\n")
        let comments = overrides.map { "# override: \($0)\n" }.joined()
        let text = overrides.isEmpty ? yaml : yaml + (isOpenLine ? "\n" : "") + comments
        return ConfigSection(path: "", entries: entries, place: label, sourceText: text)
    }

    /// The keys that are written here, in order.
    public var keys: [String] { entries.map(\.key) }

    /// Whether the key is written here. Asking this makes the key known, but it still has to be read.
    public func has(_ key: String) -> Bool {
        know(key)
        return entries.contains { $0.key == key }
    }

    /// The section behind a key; an empty one if the key is absent or has no value.
    /// - Throws: `ConfigError` `.wrongType` if the key holds a single value or a list.
    public func section(_ key: String) throws -> ConfigSection {
        if let child = children[key] { return child }
        let node = node(key)
        let entries: [(key: String, node: ConfigNode)]
        switch node?.value {
        case nil: entries = []
        case .mapping(let mapping): entries = mapping
        case .some where node?.isNull == true: entries = []
        case .some:
            throw ConfigError.wrongType(
                fullPath(key), kind: "a section of keys", got: node?.shown ?? "nothing", place: place(of: key))
        }
        let child = ConfigSection(
            path: fullPath(key), entries: entries, place: node?.place ?? place, sourceText: sourceText)
        children[key] = child
        return child
    }

    /// Ends the reading, here and in every section below.
    /// - Throws: `ConfigError` `.unknownKey` for the first key that nobody asked for, with the nearest one that
    ///   somebody did.
    public func finish() throws {
        for (key, node) in entries {
            guard read.contains(key) else {
                throw ConfigError.unknownKey(fullPath(key), known: known, place: node.place)
            }
            try children[key]?.finish()
        }
    }

    /// Where a key is written (`file:line` or the override); where its section is, if it is not.
    public func place(of key: String) -> String {
        entries.first { $0.key == key }?.node.place ?? place
    }

    /// An error about a key, for checks that span several: `sentence` follows the key's path ("must not exceed
    /// max_numbers, 4").
    public func fault(_ code: ConfigError.Code, _ key: String, _ sentence: String) -> ConfigError {
        ConfigError(code, "\(fullPath(key)) \(sentence)", place: place(of: key))
    }

    func fullPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The value behind a key, which from now on counts as read.
    func node(_ key: String) -> ConfigNode? {
        know(key)
        read.insert(key)
        return entries.first { $0.key == key }?.node
    }

    private func know(_ key: String) {
        if !known.contains(key) { known.append(key) }
    }

    /// At most one byte more than a configuration may have, so that a wrong path (a checkpoint, a device) costs
    /// nothing.
    private static func contents(of file: String) throws -> [UInt8] {
        guard let stream = fopen(file, "rb") else {
            throw ConfigError.cannotOpen(file, reason: String(cString: strerror(errno)))
        }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: YAMLText.maximumBytes + 1)
        let count = fread(&bytes, 1, bytes.count, stream)
        if ferror(stream) != 0 {
            throw ConfigError.cannotOpen(file, reason: String(cString: strerror(errno)))
        }
        return Array(bytes.prefix(count))
    }
}
