// The verifier that asks another program: one process a completion, with a deadline and retries.

public import ConfigCoding
public import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs a command that the user trusts: it inherits the environment and the rights of the trainer. Programs of a model
/// belong in `ProgramTests`.
///
/// It reads one JSON object, `{"id", "prompt", "completion", "fields"}`, and writes one, `{"reward": 0.5}` with optional
/// `"correct"` (reward is 1 or more) and `"reason"`, a word. A run that takes too long, exits with another status than 0
/// or writes anything else is tried again; after the last try the verdict is 0 with the reason `verifier_failed`.
public struct ExternalCommand: Verifier {
    private let command: [String]
    private let seconds: Double
    private let retries: Int

    /// Reads `command`, the program and its arguments; `seconds` (30) for each try; `retries` (2) after the first.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        #if !canImport(Glibc)
            throw VerifierError(
                .noIsolation, "external commands are supported on Linux only; judge the completions there",
                place: "command")
        #endif
        command = try section.list("command", default: [])
        guard !command.isEmpty else {
            throw section.fault(.missingKey, "command", "is required and must be a list: a program and its arguments")
        }
        seconds = try section.value("seconds", default: 30, in: 0.01...86_400)
        retries = try section.value("retries", default: 2, in: 0...100)
    }

    private struct Question: Encodable {
        var id, prompt, completion: String
        var fields: [String: JSONValue]
    }

    private struct Answer: Decodable {
        var reward: Double
        var correct: Bool?
        var reason: String?
    }

    public func check(_ problem: Problem) throws {}

    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let question = Question(
            id: problem.id, prompt: problem.prompt, completion: completion, fields: problem.fields)
        guard let input = try? encoder.encode(question) else { return .failed("verifier_failed") }
        for _ in 0...retries {
            if let answer = ask(Array(input)) {
                let isCorrect = answer.correct ?? (answer.reward >= 1)
                let reason = answer.reason ?? (isCorrect ? "correct" : "wrong_answer")
                return Verdict(reward: answer.reward, isCorrect: isCorrect, reason: reason)
            }
        }
        return .failed("verifier_failed")
    }

    private func ask(_ input: [UInt8]) -> Answer? {
        #if canImport(Glibc)
            let child = ChildProcess(
                command: command, environment: nil, input: input, seconds: seconds, maximumOutput: 1 << 20)
            guard let outcome = try? child.run(), outcome.end == .exited(0),
                let answer = try? JSONDecoder().decode(Answer.self, from: Data(outcome.output)),
                answer.reward.isFinite, answer.reason?.utf8.count ?? 0 <= 100
            else { return nil }
            return answer
        #else
            return nil
        #endif
    }
}
