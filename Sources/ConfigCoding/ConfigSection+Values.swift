// Typed access to the values of a section, with defaults, bounds and choices.

extension ConfigSection {
    /// The value behind a key, or the default if the key is absent.
    /// - Throws: `ConfigError` `.wrongType`; also for a key without value, which is more often a slip than a wish.
    public func value<T: ConfigScalar>(_ key: String, default fallback: T) throws -> T {
        guard let node = node(key) else { return fallback }
        return try scalar(node, at: fullPath(key))
    }

    /// The value behind a key, which must lie in a range, or the default (which is not checked) if the key is absent.
    /// - Throws: `ConfigError` `.wrongType` or `.outOfRange`.
    public func value<T: ConfigScalar & Comparable>(
        _ key: String, default fallback: T, in range: ClosedRange<T>
    ) throws -> T {
        guard let node = node(key) else { return fallback }
        return try bounded(scalar(node, at: fullPath(key)), by: range, at: fullPath(key), place: node.place)
    }

    /// The value behind a key, or nil if the key is absent or null.
    /// - Throws: `ConfigError` `.wrongType`.
    public func optional<T: ConfigScalar>(_ key: String, as type: T.Type) throws -> T? {
        guard let node = node(key), !node.isNull else { return nil }
        return try scalar(node, at: fullPath(key)) as T
    }

    /// The value behind a key within a range, or nil if the key is absent or null.
    /// - Throws: `ConfigError` `.wrongType` or `.outOfRange`.
    public func optional<T: ConfigScalar & Comparable>(
        _ key: String, as type: T.Type, in range: ClosedRange<T>
    ) throws -> T? {
        guard let node = node(key), !node.isNull else { return nil }
        return try bounded(scalar(node, at: fullPath(key)), by: range, at: fullPath(key), place: node.place)
    }

    /// The value behind a key that must be there.
    /// - Throws: `ConfigError` `.missingKey` or `.wrongType`.
    public func required<T: ConfigScalar>(_ key: String, as type: T.Type) throws -> T {
        guard let node = node(key), !node.isNull else {
            throw ConfigError.missing(fullPath(key), kind: T.configKind, place: place(of: key))
        }
        return try scalar(node, at: fullPath(key))
    }

    /// One of the cases of an enum by its raw value, or the default if the key is absent.
    /// - Throws: `ConfigError` `.wrongType` or `.unknownChoice`.
    public func choice<C: RawRepresentable & CaseIterable>(_ key: String, default fallback: C) throws -> C
    where C.RawValue == String {
        let names = C.allCases.map(\.rawValue)
        return C(rawValue: try choice(key, default: fallback.rawValue, among: names)) ?? fallback
    }

    /// One of the given words, or the default if the key is absent.
    /// - Throws: `ConfigError` `.wrongType` or `.unknownChoice`.
    public func choice(_ key: String, default fallback: String, among names: [String]) throws -> String {
        guard let node = node(key) else { return fallback }
        return try word(node, at: fullPath(key), among: names)
    }

    /// One of the given words; the key must be there.
    /// - Throws: `ConfigError` `.missingKey`, `.wrongType` or `.unknownChoice`.
    public func choice(_ key: String, among names: [String]) throws -> String {
        guard let node = node(key), !node.isNull else {
            let kind = "one of \(names.joined(separator: ", "))"
            throw ConfigError.missing(fullPath(key), kind: kind, place: place(of: key))
        }
        return try word(node, at: fullPath(key), among: names)
    }

    /// The list behind a key, or the default if the key is absent. A single value is not taken for a list of one.
    /// - Throws: `ConfigError` `.wrongType`, naming the item by its index.
    public func list<T: ConfigScalar>(_ key: String, default fallback: [T]) throws -> [T] {
        guard let node = node(key) else { return fallback }
        guard case .list(let items) = node.value else {
            throw ConfigError.wrongType(
                fullPath(key), kind: "a list, each item \(T.configKind)", got: node.shown, place: node.place)
        }
        return try items.enumerated().map { index, item in try scalar(item, at: "\(fullPath(key))[\(index)]") }
    }

    /// What stands behind a key, a single value or a list of them; empty if the key is absent.
    /// - Throws: `ConfigError` `.wrongType`, naming the item by its index.
    public func oneOrMore<T: ConfigScalar>(_ key: String, as type: T.Type) throws -> [T] {
        guard let node = node(key) else { return [] }
        guard case .list(let items) = node.value else { return [try scalar(node, at: fullPath(key))] }
        return try items.enumerated().map { index, item in try scalar(item, at: "\(fullPath(key))[\(index)]") }
    }

    private func scalar<T: ConfigScalar>(_ node: ConfigNode, at path: String) throws -> T {
        if node.isNull { throw ConfigError.empty(path, kind: T.configKind, place: node.place) }
        guard case .scalar(let text, let isPlain) = node.value, let value = T(configText: text, isPlain: isPlain) else {
            throw ConfigError.wrongType(path, kind: T.configKind, got: node.shown, place: node.place)
        }
        return value
    }

    private func word(_ node: ConfigNode, at path: String, among names: [String]) throws -> String {
        guard !node.isNull, case .scalar(let text, _) = node.value else {
            throw ConfigError.wrongType(
                path, kind: "one of \(names.joined(separator: ", "))", got: node.shown, place: node.place)
        }
        guard names.contains(text) else {
            throw ConfigError.unknownChoice(path, got: text, among: names, place: node.place)
        }
        return text
    }

    private func bounded<T: ConfigScalar & Comparable>(
        _ value: T, by range: ClosedRange<T>, at path: String, place: String
    ) throws -> T {
        guard range.contains(value) else {
            throw ConfigError.outOfRange(path, bounds: words(for: range), got: value.configText, place: place)
        }
        return value
    }

    /// A range as a demand; an end that excludes nothing is not mentioned.
    private func words<T: ConfigScalar & Comparable>(for range: ClosedRange<T>) -> String {
        let (low, high) = (range.lowerBound, range.upperBound)
        let isOpenBelow = [Int.min.configText, (-Double.infinity).configText].contains(low.configText)
        let isOpenAbove = [Int.max.configText, Double.infinity.configText].contains(high.configText)
        switch (isOpenBelow, isOpenAbove) {
        case (false, true): return "be at least \(low.configText)"
        case (true, false): return "be at most \(high.configText)"
        default: return "lie in \(low.configText)...\(high.configText)"
        }
    }
}
