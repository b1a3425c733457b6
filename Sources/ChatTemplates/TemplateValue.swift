// The values that templates compute with, as Python has them.

/// A value of a template. Texts compare by their scalars, not by canonical equivalence.
indirect enum TemplateValue: Sendable {
    /// What a name without a value is; prints as nothing.
    case undefined
    case none
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case text(String)
    case list([TemplateValue])
    /// In the order of insertion; keys differ.
    case mapping([(key: String, value: TemplateValue)])
    /// The attributes of `namespace()`, the only values that change: an index into the renderer's list.
    case namespace(Int)
    /// A macro of the template, by its place in the renderer's list.
    case macro(Int)
    /// A function that every template has (`range`, `raise_exception`, ...).
    case function(String)
    /// A method of a value, not yet called.
    case method(TemplateValue, String)

    /// What error sentences call the value.
    var kind: String {
        switch self {
        case .undefined: "an undefined value"
        case .none: "none"
        case .bool: "a truth value"
        case .integer, .real: "a number"
        case .text: "a text"
        case .list: "a list"
        case .mapping: "a mapping"
        case .namespace: "a namespace"
        case .macro, .function, .method: "a function"
        }
    }

    /// Python's truth of the value.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .real(let value): value != 0
        case .text(let value): !value.isEmpty
        case .list(let values): !values.isEmpty
        case .mapping(let members): !members.isEmpty
        case .namespace, .macro, .function, .method: true
        }
    }

    /// Truth values count as 0 and 1, as in Python.
    var asInteger: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    var asReal: Double? {
        if case .real(let value) = self { return value }
        return asInteger.map(Double.init)
    }

    func member(_ key: String) -> TemplateValue? {
        guard case .mapping(let members) = self else { return nil }
        return members.first { $0.key.isSameText(as: key) }?.value
    }

    /// Python's `==`.
    func equals(_ other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.text(let left), .text(let right)): return left.isSameText(as: right)
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.mapping(let left), .mapping(let right)):
            return left.count == right.count
                && left.allSatisfy { key, value in other.member(key).map { value.equals($0) } ?? false }
        case (.namespace(let left), .namespace(let right)): return left == right
        default:
            if let left = asInteger, let right = other.asInteger { return left == right }
            if let left = asReal, let right = other.asReal { return left == right }
            return false
        }
    }
}

extension String {
    /// Equality of scalars; `==` would take composed and decomposed forms for the same.
    func isSameText(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    var scalars: [Unicode.Scalar] { Array(unicodeScalars) }

    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}

extension Unicode.Scalar {
    /// What Python's `str.strip` and `\s` take for white space.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }
}
