// An evaluation in pieces: what is done is on disk, and a resumed one goes on after it.

import Environments
import Foundation
import Models
import Runs
import Training
import Trajectories

/// Samples and judges problems piece by piece.
struct EvalRun {
    var problems: [Problem]
    var options: EvaluationOptions
    /// JSONL of completions, rewritten whole after every piece; nil keeps them in memory only.
    var output: String?
    /// Completions of a piece: enough to fill the slots several times over.
    static let pieceCompletions = 1024

    /// What must be the same for completions to belong together.
    struct Settings: Codable, Equatable {
        var model, environment, precision: String
        var problems, samples, maxNewTokens: Int
        var temperature: Double
        var seed: UInt64
    }
    var settings: Settings

    private var settingsPath: String? { output.map { $0 + ".settings.json" } }

    /// Lines of the problems that a former process finished, whole problems only.
    /// - Throws: `CommandError` if they were made with other settings or of other problems.
    func finished() throws -> [CompletionLine] {
        guard let output, let settingsPath, FileManager.default.fileExists(atPath: output) else { return [] }
        guard let bytes = FileManager.default.contents(atPath: settingsPath),
            let before = try? JSONDecoder().decode(Settings.self, from: bytes)
        else {
            throw CommandError(
                "cannot resume: \(settingsPath) is missing or damaged; leave --resume away to start anew")
        }
        guard before == settings else {
            throw CommandError(
                "cannot resume: \(output) was made with other settings (\(settingsPath)); repeat those or name another --out"
            )
        }
        let lines = try JSONLines.read(output, as: CompletionLine.self, example: #"{"id": "...", ...}"#).map(\.value)
        let whole = lines.count / options.samples
        for index in 0..<whole * options.samples where lines[index].id != problems[index / options.samples].id {
            throw CommandError(
                "cannot resume: line \(index + 1) of \(output) is of \(lines[index].id), expected "
                    + "\(problems[index / options.samples].id); the problems have changed")
        }
        return Array(lines.prefix(whole * options.samples))
    }

    /// All lines, problem after problem; goes on after `finished`.
    func run(
        _ model: any LanguageModel, _ vocabulary: Vocabulary, _ environment: any Environment,
        after finished: [CompletionLine], onProgress: (_ completions: Int) -> Void
    ) throws -> [CompletionLine] {
        var lines = finished
        if let output { try JSONLines.refuseSpecialFile(output) }
        if let settingsPath { try AtomicFile.write(try jsonLine(settings), to: settingsPath) }
        let piece = max(1, Self.pieceCompletions / options.samples)
        var next = finished.count / options.samples
        while next < problems.count {
            let part = Array(problems[next..<min(problems.count, next + piece)])
            let result = try Evaluation.run(
                model, vocabulary, environment, problems: part, from: next, options: options
            ) { done, _ in onProgress(next * options.samples + done) }
            lines += result.groups.flatMap { CompletionLine.lines($0, answer: environment.answer) }
            if output != nil { try JSONLines.write(lines, to: output) }
            next += part.count
        }
        return lines
    }

    private func jsonLine(_ settings: Settings) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(settings)
    }
}
