// A place in a tokenizer file: a JSON value together with its path, for sentences that name it.

/// A value of the document with the path that leads to it (`model.merges[3]`).
package struct JSONField {
    package let node: JSONNode
    let path: String
    /// Name of the file.
    let name: String

    package init(node: JSONNode, path: String, name: String) {
        self.node = node
        self.path = path
        self.name = name
    }

    private func at(_ node: JSONNode, _ step: String) -> JSONField {
        JSONField(node: node, path: path.isEmpty || step.hasPrefix("[") ? path + step : "\(path).\(step)", name: name)
    }

    package func failure(_ code: TokenizerError.Code, _ message: String) -> TokenizerError {
        TokenizerError(code: code, message: "\(label) \(message)", place: path.isEmpty ? name : "\(name):\(path)")
    }

    private var label: String { path.isEmpty ? "the document" : path }

    /// The member `key`, or nil when absent or null. Of a repeated key the last counts.
    package func optional(_ key: String) throws(TokenizerError) -> JSONField? {
        guard case .object(let members) = node else { throw failure(.malformed, "must be an object") }
        guard let member = members.last(where: { $0.key.elementsEqual(key.utf8) }) else { return nil }
        if case .null = member.value { return nil }
        return at(member.value, key)
    }

    package func required(_ key: String) throws(TokenizerError) -> JSONField {
        guard let field = try optional(key) else { throw failure(.malformed, "has no value for \"\(key)\"") }
        return field
    }

    func members() throws(TokenizerError) -> [(key: [UInt8], value: JSONField)] {
        guard case .object(let members) = node else { throw failure(.malformed, "must be an object") }
        return members.map { ($0.key, at($0.value, "[\"\(String(decoding: $0.key, as: UTF8.self))\"]")) }
    }

    package func elements() throws(TokenizerError) -> [JSONField] {
        guard case .array(let elements) = node else { throw failure(.malformed, "must be an array") }
        return elements.enumerated().map { at($0.element, "[\($0.offset)]") }
    }

    func bytes() throws(TokenizerError) -> [UInt8] {
        guard case .string(let bytes) = node else { throw failure(.malformed, "must be a string") }
        return bytes
    }

    package func string() throws(TokenizerError) -> String { String(decoding: try bytes(), as: UTF8.self) }

    func bool() throws(TokenizerError) -> Bool {
        guard case .bool(let value) = node else { throw failure(.malformed, "must be true or false") }
        return value
    }

    /// A token id. The bound keeps a stray number from asking for gigabytes; no vocabulary comes near it.
    func tokenID() throws(TokenizerError) -> Int32 {
        guard case .integer(let value) = node, (0..<1 << 24).contains(value) else {
            throw failure(.malformed, "must be a token id, an integer in 0..<\(1 << 24)")
        }
        return Int32(value)
    }
}
