// `maxwell eval` in pieces and its table, and `maxwell filter` on that table.

import Foundation
import Testing
import Trajectories

@testable import maxwell

@Suite struct EvalCommandTests {
    private func line(_ id: String, _ answer: String?, _ isCorrect: Bool, tokens: Int = 2) -> CompletionLine {
        CompletionLine(
            id: id, prompt: "p\(id)", completion: "c", tokens: [Int32](repeating: 1, count: tokens), logprobs: [],
            entropy: [Float](repeating: 0.5, count: tokens), reward: isCorrect ? 1 : 0, isCorrect: isCorrect,
            reason: isCorrect ? "correct" : "wrong_answer", answer: answer, stopReason: .stop)
    }

    @Test func `a summary and a table say what the lines say`() throws {
        let lines =
            [line("a", "1", true), line("a", "1.0", true), line("a", "2", false), line("a", nil, false)]
            + [line("b", "7", false), line("b", "7", false), line("b", "8", true), line("b", "9", false, tokens: 6)]
        let rows = ProblemRow.rows(lines, samples: 4)
        #expect(rows.map(\.correct) == [2, 1] && rows.map(\.passRate) == [0.5, 0.25])
        #expect(rows.map(\.majorityAnswer) == ["1", "7"] && rows.map(\.isMajorityCorrect) == [true, false])
        #expect(rows[1].meanLength == 3)
        let summary = try EvalSummary(model: "m", lines: lines, samples: 4, ks: [1, 4], seed: 1)
        #expect(summary.average.value == 0.375 && summary.passAtK.map(\.value) == [0.375, 1])
        #expect(summary.majAtK[1].value == 0.5 && summary.meanEntropy == 0.5 && summary.meanLength == 2.5)
        #expect(summary.reasons == ["correct": 0.375, "wrong_answer": 0.625])
    }

    @Test func `an evaluation that was cut off goes on and says the same; filter keeps what is neither easy nor hard`()
        throws
    {
        let scratch = try Scratch()
        try Maxwell.writeModel(to: scratch("model"))
        let problems = (1...9).map { #"{"prompt": "\#($0)=\#($0)\n", "numbers": [\#($0)], "target": \#($0)}"# }
        let file = try scratch.write(problems.joined(separator: "\n") + "\n", to: "problems.jsonl")
        let common = [
            "eval", "--model", scratch("model"), "--problems", file, "--samples", "6", "--max-new-tokens", "8",
            "--json",
            "--out", scratch("out.jsonl"), "--table", scratch("table.jsonl"),
        ]
        let whole = try Maxwell.success(common)
        let (lines, table) = (try read(scratch("out.jsonl")), try read(scratch("table.jsonl")))
        // as a killed process leaves it: some whole problems
        try Data(lines.split(separator: "\n").prefix(24).joined(separator: "\n").utf8 + [10]).write(
            to: URL(filePath: scratch("out.jsonl")))
        #expect(try Maxwell.success(common + ["--resume"]) == whole)
        #expect(try read(scratch("out.jsonl")) == lines && read(scratch("table.jsonl")) == table)
        #expect(try Maxwell.refusal(common + ["--resume", "--seed", "2"]).contains("other settings"))

        // pass rates of our own, so that all three kinds are there
        var rows = try objects(table)
        for (index, rate) in [0.0, 1.0 / 16, 0.5, 0.9, 15.0 / 16, 1, 0.2, 0.1, 0].enumerated() {
            rows[index]["pass_rate"] = rate
        }
        let own = try rows.map { String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) }
        let ownTable = try scratch.write(own.joined(separator: "\n"), to: "own.jsonl")
        let filter = ["filter", "--problems", file, "--table", ownTable, "--out", scratch("kept.jsonl")]
        try Maxwell.success(filter)
        #expect(try read(scratch("kept.jsonl")) == [2, 3, 6, 7].map { problems[$0] + "\n" }.joined())
        #expect(try Maxwell.refusal(filter + ["--above", "0.95", "--below", "0.96"]).contains("no problem of"))
        let short = try scratch.write(own[0], to: "short.jsonl")
        #expect(
            try Maxwell.refusal(["filter", "--problems", file, "--table", short, "--out", scratch("x")]).contains(
                "problems.jsonl:2"))
    }

    private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
