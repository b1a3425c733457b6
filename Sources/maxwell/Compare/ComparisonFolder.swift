// The folder of a comparison: run folders, one result per finished run, and the page.

import Comparison
import Foundation
import Runs

/// DIR/runs, DIR/results, DIR/figures, DIR/comparison.json and DIR/comparison.html.
struct ComparisonFolder {
    let path: String

    /// - Throws: `CommandError` if something else lies there.
    init(_ path: String) throws {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        let held = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard held.isEmpty || held.contains("results") else {
            throw CommandError("\(path) holds something that is not a comparison; name another folder with --out")
        }
    }

    func make() throws {
        for name in ["", "/results", "/runs", "/figures"] { try OutputFolder.make(path + name) }
    }

    func run(_ arm: String, _ seed: Int) -> String { "\(path)/runs/\(arm)-seed\(seed)" }

    private func result(_ arm: String, _ seed: Int) -> String { "\(path)/results/\(arm)-seed\(seed).json" }

    /// The result of a finished run; nil if there is none, or its run folder is gone.
    func result(arm: String, seed: Int) -> RunResult? {
        guard FileManager.default.fileExists(atPath: run(arm, seed) + "/metrics.jsonl") else { return nil }
        return read(RunResult.self, result(arm, seed))
    }

    func write(_ result: RunResult) throws { try write(result, to: self.result(result.arm, result.seed)) }

    /// The start's evaluation, if it was made.
    var start: EvaluationRecord? { read(EvaluationRecord.self, path + "/results/start.json") }

    func write(start: EvaluationRecord) throws { try write(start, to: path + "/results/start.json") }

    /// Share of tokens that the control's first run dropped, which further seeds keep.
    var controlShare: Double? { read(ControlShare.self, path + "/results/control.json")?.share }

    func write(controlShare share: Double) throws {
        try write(ControlShare(share: share), to: path + "/results/control.json")
    }

    private struct ControlShare: Codable { var share: Double }

    private func read<Value: Decodable>(_ type: Value.Type, _ file: String) -> Value? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return FileManager.default.contents(atPath: file).flatMap { try? decoder.decode(type, from: $0) }
    }

    func write(_ value: some Encodable, to file: String) throws {
        try AtomicFile.write(try jsonEncoder(.prettyPrinted).encode(value) + Data("\n".utf8), to: file)
    }
}
