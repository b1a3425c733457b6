// The fields of a `config.json`, read with their bounds; what does not fit is refused by name.

import Foundation

/// A JSON object of a configuration file. A field that is null counts as absent.
struct ConfigFields {
    let values: [String: Any]
    /// The file, for messages.
    let path: String
    /// Where the object lies in the file, ending in a dot; empty at the root.
    let prefix: String

    init(_ values: [String: Any], path: String, prefix: String = "") {
        self.values = values
        self.path = path
        self.prefix = prefix
    }

    /// Reads a whole file.
    /// - Throws: `ModelError` naming it.
    init(file path: String, of owner: String = "a model folder") throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ModelError(.missingFile, "cannot read \(path); \(owner) needs it", place: path)
        }
        guard let object = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any] else {
            throw ModelError(.malformed, "\(path) is not a JSON object; fetch it again", place: path)
        }
        self.init(object, path: path)
    }

    func refuse(_ code: ModelError.Code, _ reason: String) -> ModelError {
        ModelError(code, "\(path): \(reason)", place: path)
    }

    /// Whether the field is there, be it null.
    func isWritten(_ key: String) -> Bool { values[key] != nil }

    /// The field's value; nil if it is absent or null.
    func present(_ key: String) -> Any? { values[key].flatMap { $0 is NSNull ? nil : $0 } }

    /// The default limit keeps every product of sizes within Int.
    func optionalInteger(_ key: String, atMost limit: Int = 1 << 24) throws -> Int? {
        guard let value = present(key) else { return nil }
        guard let number = value as? Int, number > 0, number <= limit else {
            throw refuse(.malformed, "'\(prefix)\(key)' must be a positive integer of at most \(limit), got \(value)")
        }
        return number
    }

    /// - Parameter fallback: nil where the field must be there.
    func integer(_ key: String, default fallback: Int? = nil, atMost limit: Int = 1 << 24) throws -> Int {
        guard let number = try optionalInteger(key, atMost: limit) ?? fallback else { throw missing(key) }
        return number
    }

    func number(_ key: String, default fallback: Double? = nil) throws -> Double {
        guard let value = present(key) else {
            guard let fallback else { throw missing(key) }
            return fallback
        }
        guard let number = value as? Double, number > 0, number.isFinite else {
            throw refuse(.malformed, "'\(prefix)\(key)' must be a positive number, got \(value)")
        }
        return number
    }

    func flag(_ key: String, default fallback: Bool) throws -> Bool {
        guard let value = present(key) else { return fallback }
        guard let flag = value as? Bool else {
            throw refuse(.malformed, "'\(prefix)\(key)' must be true or false, got \(value)")
        }
        return flag
    }

    func object(_ key: String) throws -> [String: Any]? {
        guard let value = present(key) else { return nil }
        guard let object = value as? [String: Any] else {
            throw refuse(.malformed, "'\(prefix)\(key)' must be an object, got \(value)")
        }
        return object
    }

    /// Refuses any other value of a field that may be absent.
    func require(_ key: String, is supported: String) throws {
        guard let value = present(key), value as? String != supported else { return }
        throw refuse(.unsupported, "'\(prefix)\(key)' is \(value); the supported one is \(supported)")
    }

    /// Refuses a flag that is set.
    /// - Parameter reason: what is supported, as "only REASON".
    func refuse(_ key: String, because reason: String) throws {
        if try flag(key, default: false) {
            throw refuse(.unsupported, "'\(prefix)\(key)' is true; only \(reason)")
        }
    }

    /// Refuses `layer_types` with anything but full attention.
    func requireFullAttention() throws {
        guard let types = present("layer_types") as? [Any] else { return }
        if let other = types.first(where: { $0 as? String != "full_attention" }) {
            throw refuse(.unsupported, "'layer_types' has \(other); only full_attention is supported")
        }
    }

    private func missing(_ key: String) -> ModelError { refuse(.malformed, "'\(prefix)\(key)' is missing") }
}
