// A subset of JSON Schema (draft 2020-12): what it supports it checks, what it does not it refuses.

public import Trajectories

/// A schema, compiled.
///
/// Keywords: `type`, `enum`, `const`; `properties`, `required`, `additionalProperties`, `minProperties`, `maxProperties`;
/// `items`, `minItems`, `maxItems`, `uniqueItems`; `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`;
/// `minLength`, `maxLength`, `pattern`; `anyOf`, `allOf`, `oneOf`, `not`; and the annotations `title`, `description`,
/// `$schema`, `$comment`, `default`, `examples`, which check nothing. Any other keyword is an error.
public struct JSONSchema: Sendable {
    static let maximumDepth = 64

    indirect enum Rule: Sendable {
        case never
        case types(Set<String>)
        case values([JSONValue])
        case object(properties: [String: [Rule]], required: [String], others: [Rule])
        case propertyCount(ClosedRange<Double>)
        case items([Rule])
        case itemCount(ClosedRange<Double>)
        case unique
        case number(Double, isAllowed: @Sendable (Double, Double) -> Bool)
        case length(ClosedRange<Double>)
        case pattern(Pattern)
        case anyOf([[Rule]])
        case oneOf([[Rule]])
        case not([Rule])
    }

    private let rules: [Rule]

    /// - Throws: `VerifierError` `.badSchema`, naming the path of the keyword.
    public init(_ schema: JSONValue) throws {
        rules = try Self.compile(schema, at: "#", depth: 0)
    }

    /// Whether a value is valid.
    public func accepts(_ value: JSONValue) -> Bool { Self.accepts(value, rules) }

    private static func accepts(_ value: JSONValue, _ rules: [Rule]) -> Bool {
        rules.allSatisfy { accepts(value, $0) }
    }

    private static func accepts(_ value: JSONValue, _ rule: Rule) -> Bool {
        switch (rule, value) {
        case (.never, _): return false
        case (.types(let names), _): return !names.isDisjoint(with: types(of: value))
        case (.values(let allowed), _): return allowed.contains(value)
        case (.object(let properties, let required, let others), .object(let fields)):
            return required.allSatisfy { fields[$0] != nil }
                && fields.allSatisfy { accepts($0.value, properties[$0.key] ?? others) }
        case (.propertyCount(let range), .object(let fields)): return range.contains(Double(fields.count))
        case (.items(let rules), .array(let items)): return items.allSatisfy { accepts($0, rules) }
        case (.itemCount(let range), .array(let items)): return range.contains(Double(items.count))
        case (.unique, .array(let items)):
            return Set(items).count == items.count
        case (.number(let bound, let isAllowed), .number(let number)): return isAllowed(number, bound)
        case (.length(let range), .string(let text)): return range.contains(Double(text.unicodeScalars.count))
        case (.pattern(let pattern), .string(let text)): return pattern.matches(text)
        case (.anyOf(let options), _): return options.contains { accepts(value, $0) }
        case (.oneOf(let options), _): return options.filter { accepts(value, $0) }.count == 1
        case (.not(let rules), _): return !accepts(value, rules)
        // A keyword says nothing about values of another type.
        default: return true
        }
    }

    private static func types(of value: JSONValue) -> Set<String> {
        switch value {
        case .null: ["null"]
        case .bool: ["boolean"]
        case .number(let number): number == number.rounded() ? ["number", "integer"] : ["number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }
}
