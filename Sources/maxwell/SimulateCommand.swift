// `maxwell simulate`: the experiments on table policies, with a figure and a table each.

import ArgumentParser
import Foundation
import Plots
import Runs
import Simulation

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "The theory's experiments on exact softmax tables, in seconds.",
        discussion: """
            Each experiment writes NAME.svg and NAME.json and says which claims held. The algorithms are those of the trainer. \
            docs/theory.md tells what they mean.

            EXPERIMENTS:
            \(ExperimentCatalogue.all.map { "  \($0.name): \($0.question)" }.joined(separator: "\n"))
            """)

    @Argument(help: "The experiment, or all.") var experiment: String
    @Option(help: "Seeds per arm.") var seeds = 5
    @Option(help: "Folder for figures and tables.") var out = "runs/simulate"
    @Flag(help: "Print the tables and findings as JSON.") var json = false

    func run() throws {
        guard (1...1000).contains(seeds) else { throw CommandError("--seeds must lie in 1...1000, got \(seeds)") }
        let chosen =
            experiment == "all"
            ? ExperimentCatalogue.all : [try ExperimentCatalogue.experiment(named: experiment)]
        try OutputFolder.make(out)
        var reports: [ExperimentReport] = []
        var bar = ProgressBar("simulate", total: chosen.count, unit: "experiments")
        for experiment in chosen {
            let result = try experiment.run(seeds: seeds)
            let report = ExperimentReport(experiment, seeds: seeds, result)
            let path = "\(out)/\(experiment.name)"
            try AtomicFile.write(Data(Figure(result.panels).svg().utf8), to: path + ".svg")
            try AtomicFile.write(jsonEncoder(.prettyPrinted).encode(report) + Data("\n".utf8), to: path + ".json")
            reports.append(report)
            bar.update(reports.count, experiment.name)
        }
        if json {
            if let only = reports.first, experiment != "all" { try printJSON(only) } else { try printJSON(reports) }
            return
        }
        for report in reports {
            print("\(report.experiment): \(report.question)")
            print("  \(report.setup); \(seeds) \(seeds == 1 ? "seed" : "seeds"); \(report.source)")
            for finding in report.findings {
                print("  [\(finding.holds ? "holds" : "does not hold")] \(finding.claim): \(finding.measured)")
            }
            print("  \(out)/\(report.experiment).svg, \(out)/\(report.experiment).json")
        }
    }
}

/// What `--json` prints and the JSON file holds.
private struct ExperimentReport: Encodable {
    struct Claim: Encodable {
        var claim: String
        var holds: Bool
        var measured: String
    }
    struct Table: Encodable {
        var name: String
        var columns: [String]
        /// One list per row; a number that is missing is null.
        var rows: [[Double?]]
        var rowNames: [String]?
    }

    var experiment, question, source, setup: String
    var seeds: Int
    var findings: [Claim]
    var tables: [Table]

    init(_ type: any Experiment.Type, seeds: Int, _ result: ExperimentResult) {
        experiment = type.name
        question = type.question
        source = type.source
        setup = type.setup
        self.seeds = seeds
        findings = result.findings.map { Claim(claim: $0.claim, holds: $0.holds, measured: $0.measured) }
        tables = result.tables.map { table in
            let length = table.columns.map(\.values.count).max() ?? 0
            return Table(
                name: table.name, columns: table.columns.map(\.name),
                rows: (0..<length).map { row in
                    table.columns.map { row < $0.values.count ? $0.values[row] : nil }
                }, rowNames: table.rowNames)
        }
    }
}
