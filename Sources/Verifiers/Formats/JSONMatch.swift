// The verifier of structured output.

public import ConfigCoding
public import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whether a completion is JSON that a schema accepts: the whole text behind the last `</think>`, or the last fenced
/// block in it. The schema is a file, or each problem brings its own.
public struct JSONMatch: Verifier {
    /// The longest text that is parsed, in bytes.
    static let maximumBytes = 1_000_000

    private let schema: JSONSchema?
    private let field: String

    public init(schema: JSONSchema) {
        self.schema = schema
        field = "schema"
    }

    /// Reads `schema`, a file, or else `field` (schema), the problem's key that holds one.
    /// - Throws: `ConfigError`, also for a schema that cannot be read or used.
    public init(from section: ConfigSection) throws {
        field = try section.value("field", default: "schema")
        guard let path = try section.optional("schema", as: String.self) else {
            schema = nil
            return
        }
        guard let data = try? Data(contentsOf: URL(filePath: path)),
            let value = try? JSONDecoder().decode(JSONValue.self, from: data)
        else { throw section.fault(.unreadable, "schema", "must be a file of JSON, got \(path)") }
        do {
            schema = try JSONSchema(value)
        } catch let error as VerifierError {
            throw section.fault(.outOfRange, "schema", "cannot be used: \(error.description)")
        }
    }

    private func schema(of problem: Problem) throws -> JSONSchema {
        if let schema { return schema }
        guard let value = problem.fields[field] else {
            throw VerifierError(.badProblem, "the problem needs \"\(field)\", a JSON schema", place: problem.id)
        }
        return try JSONSchema(value)
    }

    public func check(_ problem: Problem) throws { _ = try schema(of: problem) }

    /// Reasons: `correct`, `no_json`, `schema`, `malformed_problem`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let schema = try? schema(of: problem) else { return .failed("malformed_problem") }
        let answer = AnswerExtraction.afterThinking(completion)
        let text = FencedBlock.last(in: answer) ?? answer
        guard text.utf8.count <= Self.maximumBytes, Self.depth(of: text) <= 200,
            let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        else { return .failed("no_json") }
        return schema.accepts(value) ? .correct : .failed("schema")
    }

    /// How deep brackets nest, those in texts counted too: a bound on the parser's recursion.
    private static func depth(of text: String) -> Int {
        var (depth, deepest) = (0, 0)
        for byte in text.utf8 {
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
                deepest = max(deepest, depth)
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                depth -= 1
            }
        }
        return deepest
    }
}
