// A configuration as a tree whose every node remembers where it was written.

/// One value of a configuration and its place.
struct ConfigNode {
    enum Value {
        /// `isPlain`: written without quotes, so that it may be a number, a truth value or null.
        case scalar(String, isPlain: Bool)
        case list([ConfigNode])
        case mapping([(key: String, node: ConfigNode)])
    }

    var value: Value
    /// `file:line`, or the override that set it.
    var place: String

    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = value else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What the node is, as it is said in messages.
    var shown: String {
        switch value {
        case .scalar where isNull: return "nothing"
        case .scalar(let text, isPlain: true): return ConfigError.shown(text)
        case .scalar(let text, isPlain: false): return "the text \(ConfigError.quoted(text))"
        case .list: return "a list"
        case .mapping: return "a section"
        }
    }
}
