// Spoiled mathematics, patterns and schemas: what a problem file or a completion may hold.

import Foundation
import Testing
import Trajectories
import Verifiers

@Suite struct VerifierFuzzTests {
    /// Gold and answer of each pair of a fixture.
    private static func expressions() throws -> [String] {
        let url = Fuzzing.root.appending(path: "Tests/VerifiersTests/Fixtures/math-verify.json")
        guard case .object(let fields) = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: url)) else {
            return []
        }
        return (fields["pairs"]?.array ?? []).flatMap { ($0.array ?? []).dropFirst().prefix(2).compactMap(\.string) }
    }

    @Test func `spoiled expressions are compared within the budget`() throws {
        let corpus = try Self.expressions()
        try #require(corpus.count > 1_000)
        let words = [
            "\\frac", "\\sqrt[3]{", "^{", "_", "\\pm", "\\infty", "\\cup", "\\begin{pmatrix}", "\\\\", "&", "!",
            "\\binom{9}{3}",
            "1e300", "\\left(", "\\right]", "%", "^\\circ", "\\text{ cm}", "x", "=", "<", ",", "i", "\\pi",
            "\\overline{3}",
        ]
        let mutation = Mutation(corpus, words: words)
        // nothing is thrown: unreadable ones count as refused
        struct Unreadable: Error {}
        Fuzzing.run(
            "mathematics", mutation, cases: 3_000, own: [Unreadable.self]
        ) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let half = text.index(text.startIndex, offsetBy: text.count / 2)
            for (gold, answer) in [
                (text, corpus[bytes.count % corpus.count]), (text, text + "+0"), (text, String(text[half...])),
            ] {
                let result = MathEquivalence.compare(gold: gold, answer: answer)
                try Broken.unless(result.steps <= MathEquivalence.budget, "\(result.steps) steps are within the budget")
            }
            guard MathEquivalence.isReadable(text) else { throw Unreadable() }
        }
    }

    @Test func `a spoiled pattern is refused, or matches and ends`() {
        let corpus = [
            "^a(b|c)*d+?[a-z0-9]{2,5}$", #"\d+\.\d{1,3}(?:e[+-]?\d+)?"#, #"(\w+)\s*=\s*[^;\n]*;"#,
            "(a|b|(c|d)+)*x{0,3}",
            #"[\]\-^a-c]\$\{é汉🧪"#,
        ]
        let mutation = Mutation(
            corpus,
            words: ["(?:", "(?=", "\\1", "{,}", "{99999}", "{3,1}", "[^", "[z-a]", "*", "+", "|", "\\", "$", "^"])
        Fuzzing.run("pattern", mutation, own: [VerifierError.self]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let pattern = try Pattern(text)
            _ = pattern.matches(String(repeating: "ab1=c;", count: 20))
            _ = pattern.matches(String(text.prefix(200)), whole: true)
        }
    }

    @Test func `a spoiled schema is refused, or judges any value`() throws {
        let corpus = [
            #"{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0}}}"#,
            #"{"type": "array", "items": {"anyOf": [{"type": "string", "maxLength": 3}, {"const": [1]}]}, "uniqueItems": true}"#,
            #"{"oneOf": [{"enum": [1, "a", null]}, {"not": {"pattern": "^a+$"}}], "title": "t"}"#,
        ]
        let words = [
            "\"type\"", "\"items\"", "\"enum\"", "\"pattern\"", "\"minLength\"", "\"exclusiveMaximum\"", "\"$ref\"",
            "\"number\"",
            "\"anyOf\":[", "\"not\":{", "\"maxItems\"", "\"minProperties\"", "\"additionalProperties\":false",
        ]
        let values = try [#"{"a": 1, "b": [1, "ab", null]}"#, #"[[1], "aaa", {"a": {}}]"#, "\"aaa\"", "3.5", "null"].map
        {
            try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8))
        }
        Fuzzing.run(
            "schema", Mutation(corpus, words: words), own: [VerifierError.self, DecodingError.self]
        ) { bytes in
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
            let schema = try JSONSchema(value)
            for other in values + [value] { _ = schema.accepts(other) }
        }
    }
}
