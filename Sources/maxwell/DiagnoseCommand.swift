// `maxwell diagnose`: what the metrics of a run say to the questions that are asked most.

import Analysis
import ArgumentParser
import Runs

struct DiagnoseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose", abstract: "Answers common questions about a run in plain words.",
        discussion: """
            Why is the loss 0, why do groups have zero variance, why does KL rise, what did entropy do: answered from the run's \
            metrics.jsonl, trouble first.
            """)

    @Argument(help: "A run folder.") var folder: String
    @Option(help: "Updates at the start and at the end that are looked at.") var window = 20
    @Flag(help: "Print the findings as JSON.") var json = false

    func run() throws {
        guard window >= 1 else { throw CommandError("--window must be at least 1, got \(window)") }
        let folder = try RunFolder.open(at: self.folder)
        let records = try MetricsLog.read(file: folder.metricsPath)
        guard !records.isEmpty else { throw CommandError("\(folder.metricsPath) has no update yet; train first") }
        let findings = Diagnosis(records, window: window).findings
        if json { return try printJSON(findings) }
        print("\(folder.path): \(records.count) updates")
        for finding in findings {
            print("\n\(finding.isTrouble ? "! " : "  ")\(finding.question)\n  \(finding.answer)")
        }
    }
}
