// `maxwell filter`: the problems of a file that a policy neither always nor never solves.

import ArgumentParser
import Foundation
import Runs

struct FilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter", abstract: "Keeps the problems whose measured pass rate lies within bounds.",
        discussion: """
            The pass rates are those of `maxwell eval --problems FILE --table TABLE` on the same file. The defaults are those of \
            2602.03392, which drops what is solved in at most 1/16 or at least 15/16 of the samples. Lines are kept as they are, \
            so that the recipe of the evaluation reads the new file too.
            """)

    @Option(help: "JSONL of problems.") var problems: String
    @Option(help: "The table of an evaluation of that file.") var table: String
    @Option(help: "Keep pass rates above this.") var above = 1.0 / 16
    @Option(help: "Keep pass rates below this.") var below = 15.0 / 16
    @Option(help: "JSONL to write.") var out: String
    @Option(help: "Add the pass rate to each line under this name, for a curriculum.") var rateField: String?
    @Flag(help: "Leave out lines that the evaluation left out (too long, or on the other side of a split).")
    var allowMissing = false
    @Flag(help: "Print the counts as JSON.") var json = false

    struct Result: Encodable { var problems, kept, tooHard, tooEasy, missing: Int }

    func validate() throws {
        guard above < below else {
            throw ValidationError("--above (\(above)) must be less than --below (\(below)), or nothing is kept")
        }
    }

    func run() throws {
        let rows = try JSONLines.read(
            table, as: ProblemRow.self, example: #"{"id": "data.jsonl:1", "pass_rate": 0.5, ...}"#)
        guard let bytes = FileManager.default.contents(atPath: problems) else {
            throw CommandError("cannot read \(problems): no readable file there")
        }
        let name = problems.split(separator: "/").last.map(String.init) ?? problems
        var rates: [String: Double] = [:]
        for row in rows { rates[row.value.id] = row.value.passRate }
        var result = Result(problems: 0, kept: 0, tooHard: 0, tooEasy: 0, missing: 0)
        var kept = Data()
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            result.problems += 1
            guard let rate = rates["\(name):\(index + 1)"] else {
                guard allowMissing else {
                    throw CommandError(
                        "\(table) has no pass rate of \(name):\(index + 1); evaluate this very file with --table first, or leave "
                            + "such lines out with --allow-missing")
                }
                result.missing += 1
                continue
            }
            switch rate {
            case ...above: result.tooHard += 1
            case below...: result.tooEasy += 1
            default:
                result.kept += 1
                kept +=
                    try rateField.map { try Self.adding(rate, as: $0, to: line, place: "\(name):\(index + 1)") } ?? line
                kept.append(UInt8(ascii: "\n"))
            }
        }
        guard result.kept > 0 else {
            throw CommandError(
                "no problem of \(problems) has a pass rate between \(above) and \(below) (\(result.tooHard) below, "
                    + "\(result.tooEasy) above); nothing was written")
        }
        try JSONLines.refuseSpecialFile(out)
        try AtomicFile.write(kept, to: out)
        if json { return try printJSON(result) }
        print(
            "Kept \(result.kept) of \(result.problems) problems; \(result.tooHard) were too hard, \(result.tooEasy) too easy\(result.missing == 0 ? "" : ", \(result.missing) not evaluated")."
        )
    }

    /// The line with one member more, its other bytes as they are.
    private static func adding(_ rate: Double, as name: String, to line: Data, place: String) throws -> Data {
        guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
            let end = line.lastIndex(of: UInt8(ascii: "}"))
        else { throw CommandError("\(place) is not a JSON object, so that no pass rate can be added to it") }
        guard object[name] == nil else {
            throw CommandError("\(place) has a field \(name) already; name another one with --rate-field")
        }
        let member = try JSONEncoder().encode([name: rate]).dropFirst()
        return line[..<end] + (object.isEmpty ? Data() : Data(", ".utf8)) + member
    }
}
