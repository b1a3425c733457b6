// From the JSON of a schema to rules, keyword by keyword.

import Trajectories

extension JSONSchema {
    private static let typeNames: Set<String> = ["null", "boolean", "number", "integer", "string", "array", "object"]
    private static let annotations: Set<String> = [
        "title", "description", "$schema", "$comment", "default", "examples",
    ]

    static func compile(_ schema: JSONValue, at path: String, depth: Int) throws -> [Rule] {
        guard depth <= maximumDepth else { throw fault("is nested more than \(maximumDepth) levels deep", path) }
        switch schema {
        case .bool(let isAllowed): return isAllowed ? [] : [.never]
        case .object(let keywords):
            var rules: [Rule] = []
            for (keyword, value) in keywords.sorted(by: { $0.key < $1.key }) where !annotations.contains(keyword) {
                if ["properties", "required", "additionalProperties"].contains(keyword) { continue }
                rules.append(try rule(keyword, value, at: "\(path)/\(keyword)", depth: depth))
            }
            if let rule = try object(keywords, at: path, depth: depth) { rules.append(rule) }
            return rules
        default: throw fault("must be an object or a truth value", path)
        }
    }

    private static func fault(_ message: String, _ path: String) -> VerifierError {
        VerifierError(.badSchema, "the schema \(message)", place: path)
    }

    private static func object(_ keywords: [String: JSONValue], at path: String, depth: Int) throws -> Rule? {
        let names = ["properties", "required", "additionalProperties"]
        guard names.contains(where: { keywords[$0] != nil }) else { return nil }
        var properties: [String: [Rule]] = [:]
        if let value = keywords["properties"] {
            guard case .object(let fields) = value else {
                throw fault("must have an object here", "\(path)/properties")
            }
            for (name, schema) in fields.sorted(by: { $0.key < $1.key }) {
                properties[name] = try compile(schema, at: "\(path)/properties/\(name)", depth: depth + 1)
            }
        }
        let required = try (keywords["required"] ?? .array([])).texts(at: "\(path)/required")
        let others =
            try keywords["additionalProperties"].map {
                try compile($0, at: "\(path)/additionalProperties", depth: depth + 1)
            } ?? []
        return .object(properties: properties, required: required, others: others)
    }

    private static func rule(_ keyword: String, _ value: JSONValue, at path: String, depth: Int) throws -> Rule {
        func schema(_ value: JSONValue, _ path: String) throws -> [Rule] {
            try compile(value, at: path, depth: depth + 1)
        }
        func schemas() throws -> [[Rule]] {
            guard let items = value.array, !items.isEmpty else {
                throw fault("must have an array of schemas here", path)
            }
            return try items.enumerated().map { try schema($1, "\(path)/\($0)") }
        }
        func number() throws -> Double {
            guard case .number(let number) = value else { throw fault("must have a number here", path) }
            return number
        }
        func count() throws -> Double {
            let count = try number()
            guard count >= 0, count == count.rounded() else { throw fault("must have a count here", path) }
            return count
        }
        switch keyword {
        case "type":
            let names = try value.string.map { [$0] } ?? value.texts(at: path)
            guard !names.isEmpty, names.allSatisfy(typeNames.contains) else {
                throw fault("must name types among \(typeNames.sorted().joined(separator: ", ")) here", path)
            }
            return .types(Set(names))
        case "enum":
            guard let values = value.array else { throw fault("must have an array here", path) }
            return .values(values)
        case "const": return .values([value])
        case "minProperties": return .propertyCount(try count()...Double.infinity)
        case "maxProperties": return .propertyCount(0...(try count()))
        case "items": return .items(try schema(value, path))
        case "minItems": return .itemCount(try count()...Double.infinity)
        case "maxItems": return .itemCount(0...(try count()))
        case "uniqueItems":
            guard case .bool(let isWanted) = value else { throw fault("must have true or false here", path) }
            return isWanted ? .unique : .not([.never])
        case "minimum": return .number(try number(), isAllowed: { $0 >= $1 })
        case "maximum": return .number(try number(), isAllowed: { $0 <= $1 })
        case "exclusiveMinimum": return .number(try number(), isAllowed: { $0 > $1 })
        case "exclusiveMaximum": return .number(try number(), isAllowed: { $0 < $1 })
        case "minLength": return .length(try count()...Double.infinity)
        case "maxLength": return .length(0...(try count()))
        case "pattern":
            guard let text = value.string else { throw fault("must have a regular expression here", path) }
            return .pattern(try Pattern(text))
        case "anyOf": return .anyOf(try schemas())
        case "oneOf": return .oneOf(try schemas())
        case "allOf": return .anyOf([try schemas().flatMap { $0 }])
        case "not": return .not(try schema(value, path))
        default: throw fault("uses \"\(keyword)\", which is not supported", path)
        }
    }
}

extension JSONValue {
    fileprivate func texts(at path: String) throws -> [String] {
        let texts = array?.compactMap(\.string)
        guard let texts, texts.count == array?.count else {
            throw VerifierError(.badSchema, "the schema must have an array of texts here", place: path)
        }
        return texts
    }
}
