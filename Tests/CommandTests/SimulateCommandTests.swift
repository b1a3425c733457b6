// `maxwell simulate`: files and JSON of an experiment, and the sentences for bad input.

import Foundation
import Testing

@Suite struct SimulateCommandTests {
    @Test func `an experiment writes its figure and table, and prints the table as JSON`() throws {
        let scratch = try Scratch()
        let output = try Maxwell.success(
            ["simulate", "interventions", "--seeds", "2", "--json", "--out", scratch("out")])
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        #expect(report["experiment"] as? String == "interventions" && report["seeds"] as? Int == 2)
        let findings = try #require(report["findings"] as? [[String: Any]])
        #expect(findings.count == 4 && findings.allSatisfy { $0["holds"] as? Bool == true })
        let tables = try #require(report["tables"] as? [[String: Any]])
        #expect((tables.first?["columns"] as? [String]) == ["seed_1", "seed_2"])
        #expect((tables.first?["rows"] as? [[Double]])?.count == 5)
        #expect(try Data(contentsOf: URL(filePath: scratch("out/interventions.json"))) == Data(output.utf8))
        let figure = try String(contentsOfFile: scratch("out/interventions.svg"), encoding: .utf8)
        #expect(figure.hasPrefix("<svg") && figure.contains("entropy, nats per token"))
    }

    @Test func `an unknown experiment or a bad number of seeds is refused in a sentence`() throws {
        let unknown = try Maxwell.refusal(["simulate", "intervention"])
        #expect(unknown.contains("interventions") && unknown.contains("frontier"))
        #expect(try Maxwell.refusal(["simulate", "interventions", "--seeds", "0"]).contains("--seeds must lie in"))
        let nowhere = try Maxwell.refusal(["simulate", "interventions", "--seeds", "1", "--out", "/dev/null/x"])
        #expect(nowhere.contains("/dev/null/x") && nowhere.contains("Not a directory") && nowhere.contains("--out"))
    }
}
