// The kinds of single values a configuration holds, and how each is read from YAML text.

/// A value that stands alone behind a key: a whole number, a number, a truth value or a text.
public protocol ConfigScalar: Sendable {
    /// What the value must be, as it is said in messages ("a whole number").
    static var configKind: String { get }
    /// Reads the text of a YAML scalar; `isPlain` is false when it was written in quotes or as a block. Nil if it is
    /// not of this kind.
    init?(configText: String, isPlain: Bool)
    /// The value as a user would write it.
    var configText: String { get }
}

extension Int: ConfigScalar {
    public static var configKind: String { "a whole number" }

    /// Decimal digits with an optional sign; `_` may group digits. Fractions, exponents and leading zeros are refused.
    public init?(configText: String, isPlain: Bool) {
        guard isPlain, let digits = ungrouped(configText) else { return nil }
        let body = digits.first == "-" || digits.first == "+" ? digits.dropFirst() : digits[...]
        guard !body.isEmpty, body.utf8.allSatisfy({ (48...57).contains($0) }), body == "0" || body.first != "0",
            let value = Int(digits)
        else { return nil }
        self = value
    }

    public var configText: String { String(self) }
}

extension Double: ConfigScalar {
    public static var configKind: String { "a number" }

    /// Decimal notation with an optional exponent, or `.inf`, `inf`, `infinity` in any case. Not-a-number and overflow
    /// are refused.
    public init?(configText: String, isPlain: Bool) {
        guard isPlain, let digits = ungrouped(configText) else { return nil }
        let isNegative = digits.first == "-"
        let body = isNegative || digits.first == "+" ? digits.dropFirst() : digits[...]
        if [".inf", "inf", "infinity"].contains(body.lowercased()) {
            self = isNegative ? -.infinity : .infinity
            return
        }
        // Swift would also read hexadecimal floats; users would not.
        guard body.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }),
            let first = body.utf8.first, (48...57).contains(first) || first == UInt8(ascii: "."),
            body.utf8.contains(where: { (48...57).contains($0) }),
            let value = Double(padded(body)), value.isFinite
        else { return nil }
        self = isNegative ? -value : value
    }

    public var configText: String {
        if isInfinite { return self < 0 ? "-inf" : "inf" }
        return self == rounded() && magnitude < 1e15 ? String(Int(self)) : String(self)
    }
}

extension Bool: ConfigScalar {
    public static var configKind: String { "true or false" }

    public init?(configText: String, isPlain: Bool) {
        guard isPlain else { return nil }
        switch configText {
        case "true", "True", "TRUE": self = true
        case "false", "False", "FALSE": self = false
        default: return nil
        }
    }

    public var configText: String { self ? "true" : "false" }
}

extension String: ConfigScalar {
    public static var configKind: String { "a text" }

    /// Any scalar is a text, as written: `run: 2024` needs no quotes.
    public init?(configText: String, isPlain: Bool) { self = configText }

    public var configText: String { self }
}

/// The text without digit grouping; nil if a `_` stands anywhere but between two digits.
private func ungrouped(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
        let isBetweenDigits =
            index > 0 && index + 1 < bytes.count
            && (48...57).contains(bytes[index - 1]) && (48...57).contains(bytes[index + 1])
        guard isBetweenDigits else { return nil }
    }
    return text.filter { $0 != "_" }
}

/// `.5` and `5.` as Swift reads them.
private func padded(_ text: Substring) -> String {
    var result = text.first == "." ? "0" + text : String(text)
    if result.last == "." { result += "0" }
    return result.replacingFirstPoint()
}

extension String {
    /// `1.e5` becomes `1.0e5`.
    fileprivate func replacingFirstPoint() -> String {
        guard let point = firstIndex(of: "."), let next = index(point, offsetBy: 1, limitedBy: endIndex),
            next < endIndex, self[next] == "e" || self[next] == "E"
        else { return self }
        return self[...point] + "0" + self[next...]
    }
}
