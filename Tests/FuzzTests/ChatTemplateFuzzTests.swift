// Spoiled chat templates: what a model folder from a stranger may hold.

import ChatTemplates
import Foundation
import Testing
import Trajectories

@Suite struct ChatTemplateFuzzTests {
    /// The templates of the fixture, and its small ones, a construct each.
    private static func templates() throws -> [String] {
        let url = Fuzzing.root.appending(path: "Tests/ChatTemplatesTests/Fixtures/rendered.json")
        guard case .object(let fields) = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: url)),
            case .object(let templates)? = fields["templates"]
        else { return [] }
        let constructs = (fields["constructs"]?.array ?? []).compactMap { construct -> String? in
            guard case .object(let keys) = construct else { return nil }
            return keys["source"]?.string
        }
        return templates.sorted { $0.key < $1.key }.compactMap(\.value.string) + constructs
    }

    @Test func `a spoiled chat template is refused, or gives the same text each time`() throws {
        let corpus = try Self.templates()
        try #require(corpus.count > 20)
        let words = [
            "{%", "%}", "{{", "}}", "{#", "#}", "-%}", "{%- ", "{% if x %}", "{% endif %}", "{% else %}",
            "{% elif m %}",
            "{% for m in messages %}", "{% endfor %}", "{% for i in range(1000000) %}", "{% set x = x ~ x %}",
            "{% set x = [x, x] %}", "{% set ns = namespace(a=messages) %}", "{% set ns.a = [ns.a, loop] %}",
            "{% macro m(a) %}", "{% endmacro %}", "{{ m(m(1)) }}", " | tojson(indent=16)", " | replace('a', x)",
            " | map(attribute='content')", " | join(x)", ".split('a')", "[::-1]", "[1:", " * 9999", " // -1", " % -1",
            " is divisibleby -1", "(-9223372036854775807 - 1)", "range(0, 9223372036854775807, 9223372036854775806)",
            " in messages", " not in x", " if 1 else ", " and ", " is not defined", "loop.previtem", "content", "'",
            "~",
            "messages", "{% break %}", "{% generation %}", "\\x41", "\\U0010FFFF", "namespace(", "raise_exception(",
        ]
        let messages = [
            ChatMessage(role: "system", content: "Be brief.\n"), ChatMessage(role: "user", content: "é 🧪 {{ 1 }}"),
            ChatMessage(
                role: "assistant", content: "<think>\na\n</think>\nb", details: ["reasoning_content": "a a a"]),
            ChatMessage(role: "user", content: ""),
        ]
        Fuzzing.run(
            "chat-template", Mutation(corpus, words: words), cases: 2_000, own: [ChatTemplateError.self]
        ) { bytes in
            let template = try ChatTemplate(
                source: String(decoding: bytes, as: UTF8.self), name: "t", specialTokens: ["bos_token": "<s>"])
            let text = try template.render(
                messages, addsGenerationPrompt: true, variables: ["x": .string("a\u{301}b"), "n": .number(3)])
            try Broken.unless(text.utf8.count <= 1 << 24, "\(text.utf8.count) bytes are within the limit")
            let again = try template.render(
                messages, addsGenerationPrompt: true, variables: ["x": .string("a\u{301}b"), "n": .number(3)])
            try Broken.unless(text.utf8.elementsEqual(again.utf8), "a second rendering gives the same text")
        }
    }
}
