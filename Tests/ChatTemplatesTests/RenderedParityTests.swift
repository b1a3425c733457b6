// Texts of conversations against what transformers renders, byte for byte.

import Foundation
import Testing
import Trajectories

@testable import ChatTemplates

/// Fixtures/rendered.json, which tools/reference/chat_templates.py wrote.
struct RenderedFixture: Decodable {
    struct Case: Decodable {
        var template: String
        var conversation, variables: Int
        var generation: Bool
        var text, error: String?
    }

    struct Construct: Decodable {
        var source: String
        var text, error: String?
    }

    var tokens: [String: String]
    var templates: [String: String]
    var conversations: [[[String: String]]]
    var variables: [[String: JSONValue]]
    var cases: [Case]
    var constructs: [Construct]

    static func load() throws -> RenderedFixture {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/rendered.json")
        return try JSONDecoder().decode(RenderedFixture.self, from: Data(contentsOf: file))
    }

    func template(_ name: String) throws -> ChatTemplate {
        let source = try #require(templates[name])
        return try ChatTemplate(source: source, name: name, specialTokens: tokens)
    }

    func messages(_ index: Int) -> [ChatMessage] {
        conversations[index].map { turn in
            let details = turn.filter { $0.key != "role" && $0.key != "content" }
            return ChatMessage(role: turn["role"] ?? "", content: turn["content"] ?? "", details: details)
        }
    }
}

@Suite struct RenderedParityTests {
    @Test func `templates in the style of each family give the texts of transformers`() throws {
        let fixture = try RenderedFixture.load()
        #expect(fixture.cases.count == 720)
        var templates: [String: ChatTemplate] = [:]
        for name in fixture.templates.keys { templates[name] = try fixture.template(name) }
        var refused = 0
        for expected in fixture.cases {
            let place = "\(expected.template), conversation \(expected.conversation)"
            let template = try #require(templates[expected.template])
            do {
                let text = try template.render(
                    fixture.messages(expected.conversation), addsGenerationPrompt: expected.generation,
                    variables: fixture.variables[expected.variables])
                #expect(Array(text.utf8) == expected.text.map { Array($0.utf8) }, "\(place)")
            } catch {
                #expect(expected.error != nil, "\(place): \(error)")
                refused += 1
            }
        }
        #expect(refused == fixture.cases.count { $0.error != nil })
    }

    @Test func `each construct gives what Jinja gives, or is refused`() throws {
        let fixture = try RenderedFixture.load()
        var unsupported: [String] = []
        for construct in fixture.constructs {
            do {
                let template = try ChatTemplate(source: construct.source, name: "t", specialTokens: fixture.tokens)
                let text = try template.render(fixture.messages(3), addsGenerationPrompt: true)
                #expect(Array(text.utf8) == construct.text.map { Array($0.utf8) }, "\(construct.source)")
            } catch {
                #expect(error.place == "t:1", "\(construct.source)")
                if construct.error == nil { unsupported.append(construct.source) }
            }
        }
        #expect(unsupported.count == 3, "\(unsupported)")
    }
}
