// The verifier that asks another program: one process a completion, with a deadline and retries.

public import ConfigCoding
public import Trajectories

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

    public func check(_ problem: Problem) throws {}

    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let input = VerdictQuestion(completion, for: problem).json() else { return .failed("verifier_failed") }
        for _ in 0...retries {
            if let verdict = ask(input) { return verdict }
        }
        return .failed("verifier_failed")
    }

    private func ask(_ input: [UInt8]) -> Verdict? {
        #if canImport(Glibc)
            let child = ChildProcess(
                command: command, environment: nil, input: input, seconds: seconds,
                maximumOutput: VerdictAnswer.maximumBytes)
            guard let outcome = try? child.run(), outcome.end == .exited(0) else { return nil }
            return VerdictAnswer.verdict(in: outcome.output)
        #else
            return nil
        #endif
    }
}
