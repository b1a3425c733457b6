// What templates are refused for, with the line, and what ends a template that asks for too much.

import Testing
import Trajectories

@testable import ChatTemplates

@Suite struct TemplateRefusalTests {
    static let refusals: [(source: String, code: ChatTemplateError.Code, sentence: String)] = [
        (
            "a\n{% include 'x' %}", .unsupported,
            "the chat template uses the statement include, which is not supported; supported are if, for, set, macro, "
                + "generation, break and continue (t:2)"
        ),
        ("{{ 1 | sum }}", .unsupported, "the chat template uses the filter sum, which is not supported (t:1)"),
        (
            "\n\n{{ 1 is callable }}", .unsupported,
            "the chat template uses the test callable, which is not supported (t:3)"
        ),
        ("{% if 1 %}\n{{ x.y }}{% endif %}", .failed, "the chat template reads 'y' of an undefined value (t:2)"),
        ("{{ [1] }}", .unsupported, "the chat template prints a list, of which only tojson is supported (t:1)"),
        ("{{ 2 ** 3 }}", .unsupported, "the chat template uses '**', which is not supported (t:1)"),
        ("{% for x in y %}", .syntax, "the chat template has for without else or endfor (t:1)"),
        ("{{ (1 }}", .syntax, "the chat template has a tag that does not end with }} (t:1)"),
        ("{{ 'a }}", .syntax, "the chat template has a text that does not end (t:1)"),
        ("{# a", .syntax, "the chat template has a comment that does not end (t:1)"),
        ("{{ }}", .syntax, "the chat template ends a tag where a value should stand (t:1)"),
        ("{{ a b }}", .syntax, "the chat template has 'b' where the tag should end (t:1)"),
        ("{% break %}", .syntax, "the chat template has break outside of a loop (t:1)"),
        (
            "{{ raise_exception('no ' ~ messages[0].role) }}", .refusedByTemplate,
            "the chat template refuses these messages: no user (t:1)"
        ),
        (
            "{{ strftime_now('%Y') }}", .unsupported,
            "the chat template writes today's date into every prompt (strftime_now), so that no run could be repeated; "
                + "give the date in chat_template_kwargs, as date_string where the template reads that (t:1)"
        ),
        (
            "{% for a in range(2000) %}{% for b in range(2000) %}{% endfor %}{% endfor %}", .limit,
            "the chat template goes through more than 1000000 items (t:1)"
        ),
        (
            "{{ range(99999999) | length }}", .limit,
            "the chat template makes a range of more than 1000000 numbers (t:1)"
        ),
        ("{{ 'abcd' * 9999999 }}", .limit, "the chat template makes a text of more than 16777216 bytes (t:1)"),
        (
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", .limit,
            "the chat template calls macros more than 32 deep (t:1)"
        ),
        (
            "{{ " + String(repeating: "(", count: 100) + "1", .limit,
            "the chat template nests expressions more than 64 deep (t:1)"
        ),
        (
            "{{ 1" + String(repeating: " + 1", count: 600) + " }}", .limit,
            "the chat template nests its work more than 500 deep (t:1)"
        ),
        (
            "{{ 1" + String(repeating: " + 1", count: 50_000) + " }}", .limit,
            "the chat template has a tag of more than 2000 words (t:1)"
        ),
        (
            "{% macro m(n) %}" + String(repeating: "{% if 1 %}", count: 50) + "{{ m(n) }}"
                + String(repeating: "{% endif %}", count: 50) + "{% endmacro %}\n{{ m(1) }}", .limit,
            "the chat template nests its work more than 500 deep (t:1)"
        ),
        (
            "{% set ns = namespace(a=[]) %}\n{% for i in range(99999) %}{% set ns.a = [ns.a] %}{% endfor %}", .limit,
            "the chat template nests values more than 64 deep (t:2)"
        ),
        // Work that grows beyond all bounds while no loop, text or depth does.
        (
            "{% macro m(n) %}{{ m(n + 1) if n < 30 }}{{ m(n + 1) if n < 30 }}{% endmacro %}\n{{ m(0) }}", .limit,
            "the chat template asks for more work than any conversation needs (t:1)"
        ),
        (
            "{% set ns = namespace(a=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}", .limit,
            "the chat template asks for more work than any conversation needs (t:1)"
        ),
        (
            "{% set a = 'a' * 9999999 %}{{ (a ~ 'b') in (a ~ a) }}", .limit,
            "the chat template makes a text of more than 16777216 bytes (t:1)"
        ),
        (
            "{% set a = 'a' * 4999999 %}{{ (a ~ 'b') in (a ~ a) }}", .limit,
            "the chat template asks for more work than any conversation needs (t:1)"
        ),
        (
            "{% set a = 'a' * 9999999 %}{{ a | replace('a', 'b') }}", .limit,
            "the chat template asks for more work than any conversation needs (t:1)"
        ),
        (
            "{% set a = 'a' * 19999 %}{{ a | replace('a', a) }}", .limit,
            "the chat template makes a text of more than 16777216 bytes (t:1)"
        ),
        (
            "{% for i in range(999999) %}" + String(repeating: "a", count: 99) + "{% endfor %}", .limit,
            "the chat template makes a text of more than 16777216 bytes (t:1)"
        ),
        ("{{ 9223372036854775807 + 1 }}", .failed, "the chat template computes a number that is too large (t:1)"),
    ]

    @Test(arguments: refusals.indices)
    func `each refusal is one sentence with a line`(_ index: Int) throws {
        let (source, code, sentence) = Self.refusals[index]
        let error = try #require(throws: ChatTemplateError.self) {
            let closed = source.hasPrefix("{{ (((") ? source + String(repeating: ")", count: 100) + " }}" : source
            let template = try ChatTemplate(source: closed, name: "t")
            _ = try template.render([ChatMessage(role: "user", content: "")], addsGenerationPrompt: true)
        }
        #expect(error.description == sentence)
        #expect(error.code == code)
    }

    @Test func `no beginning and no altered character of a template crashes the reader`() throws {
        let fixture = try RenderedFixture.load()
        var random = RandomSource(seed: 5, purpose: .shuffling, step: 0)
        for source in fixture.templates.values.sorted() {
            let scalars = Array(source.unicodeScalars)
            for length in stride(from: 0, to: scalars.count, by: 7) {
                Self.attempt(String(scalars: scalars[..<length]))
                var altered = scalars
                altered[length] = ["{", "}", "%", "'", "(", "]", "|", "-", " "].randomElement(using: &random) ?? "#"
                Self.attempt(String(scalars: altered))
            }
        }
    }

    private static func attempt(_ source: String) {
        do {
            let messages = [ChatMessage(role: "user", content: "a"), ChatMessage(role: "assistant", content: "b")]
            _ = try ChatTemplate(source: source, name: "t").render(messages, addsGenerationPrompt: true)
        } catch { #expect(!error.message.isEmpty) }
    }
}
