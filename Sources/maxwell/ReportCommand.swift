// `maxwell report`: the page of a run folder.

import Analysis
import ArgumentParser
import Comparison
import Foundation
import Runs

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Draws the metrics of a run folder, finished or not.",
        discussion: "Writes RUN/report.html.")

    @Argument(help: "A run folder: one that maxwell train wrote.") var folder: String
    @Option(help: "The file to write instead of RUN/report.html.") var out: String?

    func run() throws {
        let folder = try RunFolder.open(at: folder)
        let curves = try RunCurves(metricsFile: folder.metricsPath)
        guard !curves.records.isEmpty else {
            throw CommandError("\(folder.metricsPath) holds no update yet; report again when the run has made one")
        }
        let configuration = FileManager.default.contents(atPath: folder.configPath)
        let name = folder.path.split(separator: "/").last.map(String.init) ?? folder.path
        let report = RunReport(
            name: name, curves: curves, configuration: configuration.map { String(decoding: $0, as: UTF8.self) } ?? "")
        let path = out ?? folder.reportPath
        try JSONLines.refuseSpecialFile(path)
        try AtomicFile.write(report.html(), to: path)
        print("The page is \(path).")
    }
}
