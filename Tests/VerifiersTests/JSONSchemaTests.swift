// Schemas: values that each keyword accepts and refuses, and keywords that are refused themselves.

import Foundation
import Testing
import Trajectories
import Verifiers

@Suite struct JSONSchemaTests {
    private func value(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    @Test(
        "each keyword accepts and refuses",
        arguments: [
            (#"{"type": "integer"}"#, ["1", "-3", "2.0"], ["1.5", "\"1\"", "null", "true"]),
            (#"{"type": ["string", "null"]}"#, ["\"a\"", "null"], ["1", "[]"]),
            (#"{"enum": [1, "a", null]}"#, ["1", "\"a\"", "null"], ["2", "\"b\""]),
            (#"{"const": {"a": [1]}}"#, [#"{"a": [1]}"#], [#"{"a": [2]}"#]),
            (#"{"minimum": 1, "maximum": 3}"#, ["1", "3", "\"x\""], ["0.9", "3.1"]),
            (#"{"exclusiveMinimum": 1, "exclusiveMaximum": 3}"#, ["2"], ["1", "3"]),
            (#"{"minLength": 1, "maxLength": 2}"#, ["\"a\"", "\"äö\"", "5"], ["\"\"", "\"abc\""]),
            (#"{"pattern": "^a+$"}"#, ["\"aa\"", "1"], ["\"b\""]),
            (
                #"{"items": {"type": "number"}, "minItems": 1, "maxItems": 2}"#, ["[1]", "[1, 2]"],
                ["[]", "[1, 2, 3]", "[\"a\"]"]
            ),
            (#"{"uniqueItems": true}"#, ["[1, 2]", "[]"], ["[1, 1]", "[{\"a\": 1}, {\"a\": 1}]"]),
            (#"{"uniqueItems": false}"#, ["[1, 1]"], []),
            (#"{"properties": {"a": {"type": "number"}}}"#, ["{}", #"{"a": 1, "b": 2}"#], [#"{"a": "x"}"#]),
            (#"{"required": ["a"]}"#, [#"{"a": null}"#, "[]"], ["{}"]),
            (#"{"properties": {"a": true}, "additionalProperties": false}"#, [#"{"a": 1}"#], [#"{"b": 1}"#]),
            (#"{"additionalProperties": {"type": "null"}}"#, [#"{"b": null}"#], [#"{"b": 1}"#]),
            (#"{"minProperties": 1, "maxProperties": 1}"#, [#"{"a": 1}"#], ["{}", #"{"a": 1, "b": 1}"#]),
            (#"{"anyOf": [{"type": "null"}, {"minimum": 3}]}"#, ["null", "3"], ["2"]),
            (#"{"oneOf": [{"minimum": 1}, {"maximum": 3}]}"#, ["0", "4"], ["2"]),
            (#"{"allOf": [{"minimum": 1}, {"maximum": 3}]}"#, ["2"], ["0", "4"]),
            (#"{"not": {"type": "null"}}"#, ["1"], ["null"]), ("true", ["1", "null"], []), ("false", [], ["1", "{}"]),
            (#"{"title": "t", "description": "d", "$schema": "s", "default": 3}"#, ["1"], []),
        ])
    func keywords(_ text: String, _ accepted: [String], _ refused: [String]) throws {
        let schema = try JSONSchema(value(text))
        for example in accepted { #expect(schema.accepts(try value(example)), "\(text) on \(example)") }
        for example in refused { #expect(!schema.accepts(try value(example)), "\(text) on \(example)") }
    }

    @Test(
        "what is not supported is refused by its path",
        arguments: [
            (##"{"$ref": "#/a"}"##, "the schema uses \"$ref\", which is not supported (#/$ref)"),
            (
                #"{"properties": {"a": {"format": "date"}}}"#,
                "the schema uses \"format\", which is not supported (#/properties/a/format)"
            ),
            (
                #"{"type": "int"}"#,
                "the schema must name types among array, boolean, integer, null, number, object, string here (#/type)"
            ),
            (#"{"minimum": "1"}"#, "the schema must have a number here (#/minimum)"),
            (#"{"minItems": -1}"#, "the schema must have a count here (#/minItems)"),
            (#"{"anyOf": []}"#, "the schema must have an array of schemas here (#/anyOf)"),
            ("3", "the schema must be an object or a truth value (#)"),
        ])
    func refusals(_ text: String, _ sentence: String) throws {
        let error = try #require(throws: VerifierError.self) { try JSONSchema(value(text)) }
        #expect(error.description == sentence)
    }

    @Test func `completions are judged whole or by their last fenced block`() throws {
        let verifier = JSONMatch(schema: try JSONSchema(value(#"{"type": "object", "required": ["a"]}"#)))
        let problem = Problem(id: "p", prompt: "?")
        let cases = [
            (#"{"a": 1}"#, "correct"), (#"<think>[]</think> {"a": 1}"#, "correct"),
            ("```json\n{\"a\": 1}\n```", "correct"),
            ("Here:\n```\n{}\n```\nno:\n```json\n{\"a\": 1}\n```\n", "correct"), ("{}", "schema"), ("a: 1", "no_json"),
            ("", "no_json"), (#"{"a": 1} and more"#, "no_json"), (#"{"a": 1"#, "no_json"),
            (String(repeating: "[", count: 100_000), "no_json"),
            (String(repeating: "{\"a\":", count: 5_000) + "1" + String(repeating: "}", count: 5_000), "no_json"),
        ]
        for (text, reason) in cases {
            #expect(verifier.verdict(on: text, for: problem).reason == reason, "\(text.prefix(60))")
        }
    }

    @Test func `unique items are told apart by value, however many they are`() throws {
        let schema = try JSONSchema(.object(["uniqueItems": .bool(true)]))
        var items = (0..<200_000).map { JSONValue.number(Double($0)) }
        #expect(schema.accepts(.array(items)))
        items.append(.number(7))
        #expect(!schema.accepts(.array(items)))
        let one: [JSONValue] = [
            .string("1"), .number(1), .bool(true), .array([.number(1)]), .object(["1": .number(1)]),
        ]
        #expect(schema.accepts(.array(one)))
        #expect(!schema.accepts(.array([.number(0), .number(-0.0)])))
    }
}
