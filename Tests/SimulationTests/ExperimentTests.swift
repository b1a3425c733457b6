// What every experiment keeps: a name of its own, tables of even columns, a place in docs/theory.md; and the identities.

import Foundation
import Simulation
import Testing

@Suite struct ExperimentTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `names are unique, and docs/theory.md shows each experiment with its command and figure`() throws {
        let names = ExperimentCatalogue.all.map { $0.name }
        #expect(Set(names).count == names.count)
        let page = try String(contentsOf: Self.root.appending(path: "docs/theory.md"), encoding: .utf8)
        for name in names where name != "centred-interventions" {
            #expect(page.contains("(theory/\(name).svg)"), "\(name)")
            let figure = Self.root.appending(path: "docs/theory/\(name).svg").path()
            #expect(FileManager.default.fileExists(atPath: figure), "\(name)")
        }
        for name in names { #expect(page.contains("maxwell simulate \(name)\n"), "\(name)") }
    }

    @Test(arguments: ["interventions", "covariance", "reward-law", "telescoping", "frontier"])
    func `tables are even, findings and panels are there, and a run repeats itself`(name: String) throws {
        let experiment = try ExperimentCatalogue.experiment(named: name)
        let result = try experiment.run(seeds: 2)
        #expect(!result.findings.isEmpty && !result.panels.isEmpty && !result.tables.isEmpty)
        for table in result.tables {
            let names = table.columns.map(\.name)
            #expect(Set(names).count == names.count && !names.isEmpty, "\(table.name)")
            for column in table.columns {
                #expect(column.values.allSatisfy { $0?.isFinite ?? true }, "\(table.name), \(column.name)")
            }
            if let rows = table.rowNames {
                #expect(table.columns.allSatisfy { $0.values.count == rows.count }, "\(table.name)")
            }
        }
        let again = try experiment.run(seeds: 2)
        #expect(again.findings == result.findings && again.tables == result.tables)
    }

    @Test func `identities hold: theorem 1 is a mean of theorem 3-3, parts add up, nothing beats the frontier`() throws
    {
        for (name, count) in [("covariance", 2), ("telescoping", 1), ("frontier", 1)] {
            let findings = try ExperimentCatalogue.experiment(named: name).run(seeds: 5).findings
            for finding in findings.prefix(count) { #expect(finding.holds, "\(finding.claim): \(finding.measured)") }
        }
    }
}
