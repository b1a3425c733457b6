// docs/configuration.md names every key that a training run reads, and its defaults are the program's.

import ConfigCoding
import Foundation
import Testing

@testable import Training

@Suite struct ConfigurationDocumentTests {
    /// The section that a heading names, empty for the file itself, with its rows: keys and the default as it is written.
    struct Table: Sendable, CustomTestStringConvertible {
        var section: String
        var rows: [(keys: [String], standard: String)]

        var testDescription: String { section.isEmpty ? "the file" : section }
        /// Sections that change something by being there.
        var presence: [String] { ["lora", "early_stopping"].contains(section) ? ["\(section)={}"] : [] }
        func path(_ key: String) -> String { section.isEmpty ? key : "\(section).\(key)" }
    }

    static let tables: [Table] = {
        let text = (try? String(contentsOfFile: TinyRun.root + "docs/configuration.md", encoding: .utf8)) ?? ""
        return text.components(separatedBy: "\n## ").dropFirst().map { part in
            let heading = part.prefix { $0 != "\n" }
            let rows = part.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
                let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                return (keys: quoted(cells[0]), standard: cells[1])
            }
            return Table(section: quoted(String(heading)).first.map { String($0.dropLast()) } ?? "", rows: rows)
        }
    }()

    /// The words between backticks.
    static func quoted(_ text: String) -> [String] { text.matches(of: /`([^`]+)`/).map { String($0.1) } }

    func config(_ overrides: [String]) throws -> TrainConfig {
        try TinyRun.config("model: nowhere\noutput: nowhere\nalgorithm: {name: grpo}\n", overrides)
    }

    /// All that a configuration says, but for its text.
    func content(_ overrides: [String]) throws -> String {
        var config = try config(overrides)
        config.sourceText = ""
        var text = ""
        dump(config, to: &text)
        return text
    }

    @Test func `there is a table for the file and for each of its sections`() {
        let sections = [
            "rollout", "optimiser", "training", "checkpoint", "guards", "logging", "lora", "early_stopping",
        ]
        #expect(Self.tables.map(\.section) == [""] + sections + ["algorithm"])
    }

    @Test(arguments: tables)
    func `keys are those that are read`(table: Table) throws {
        let written = table.rows.flatMap(\.keys)
        #expect(Set(written).count == written.count)
        do {
            _ = try config(table.presence + [table.path("zzzz=1")])
            Issue.record("a key that is none was accepted")
        } catch let error as ConfigError {
            let known = try #require(error.description.firstMatch(of: /the keys are ([a-z0-9_, ]+)/)?.1)
            #expect(
                written.sorted() == known.components(separatedBy: ", ").map { $0.trimmingCharacters(in: .whitespaces) })
        }
    }

    @Test(arguments: tables)
    func `defaults are those of the program`(table: Table) throws {
        let plain = try content(table.presence)
        for row in table.rows {
            guard let value = Self.quoted(row.standard).first else {
                #expect(["—", "required"].contains(row.standard), "\(row.keys)")
                continue
            }
            for key in row.keys {
                #expect(
                    try content(table.presence + ["\(table.path(key))=\(value)"]) == plain, "\(key) is not \(value)")
            }
        }
    }
}
