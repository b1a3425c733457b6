// A folder of its own for each test, removed with the value; and files for the tests to read and spoil.

import Foundation
import Runs
import Trajectories

struct ScratchFolder: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "runs-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

func text(of path: String) throws -> String { String(decoding: try bytes(of: path), as: UTF8.self) }

func put(_ bytes: some Sequence<UInt8>, at path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The error that `body` must throw, or nil.
func runError(_ body: () throws -> Void) -> RunError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RunError
    }
}

extension RandomSource {
    init(_ name: StaticString, case number: Int = 0) {
        self.init(seed: 20_260_918, purpose: .testing, step: number, prompt: name.utf8CodeUnitCount)
    }

    /// Text with everything that has ever broken a format: quotes, controls, NUL, combining marks, emoji.
    mutating func nastyText() -> String {
        let parts = [
            "a", "\"", "\\", "\n", "\u{0}", "\u{1f}", "\u{7f}", "e\u{301}", "\u{e9}", "🧪", "\u{2028}", "{", "\r\n", "汉",
        ]
        return (0..<integer(below: 9)).map { _ in parts[integer(below: parts.count)] }.joined()
    }
}

/// Equality of texts byte by byte; `==` on strings takes canonically equivalent texts for the same.
func same(_ left: String, _ right: String) -> Bool { Array(left.utf8) == Array(right.utf8) }

func group(_ random: inout RandomSource, completions: Int = 3) -> RolloutGroup {
    func tokens(_ random: inout RandomSource) -> [Int32] {
        (0..<random.integer(below: 20)).map { _ in Int32(truncatingIfNeeded: random.next()) }
    }
    func floats(_ count: Int, _ random: inout RandomSource) -> [Float] {
        (0..<count).map { _ in Float(random.uniform() * 10 - 5) }
    }
    let problem = Problem(
        id: "countdown/train/\(random.integer(below: 1000))", prompt: random.nastyText(),
        fields: [
            "target": .number(Double(random.integer(below: 100))), "text": .string(random.nastyText()),
            "deep": .object(["list": .array([.null, .bool(true), .number(0.1)])]),
        ])
    let sampled = (0..<completions).map { _ in
        let tokens = tokens(&random)
        return Completion(
            tokens: tokens, sampledLogprob: floats(tokens.count, &random), entropy: floats(tokens.count, &random),
            discriminant: floats(tokens.count, &random), expectedDiscriminant: floats(tokens.count, &random),
            stopReason: random.integer(below: 2) == 0 ? .stop : .length)
    }
    return RolloutGroup(
        problem: problem, promptTokens: tokens(&random), completions: sampled,
        texts: sampled.map { _ in random.nastyText() },
        verdicts: sampled.map { _ in
            let correct = random.integer(below: 2) == 0
            return Verdict(
                reward: correct ? 1 : -random.uniform(), isCorrect: correct, reason: correct ? "correct" : "format")
        })
}
