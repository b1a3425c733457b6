// The verifier of programs: a completion's code runs in a sandbox against the problem's tests.

public import ConfigCoding
public import Trajectories

/// Runs the last fenced code block of a completion on each test of the problem.
///
/// The problem's field (`tests`) is an array of `{"input": ..., "output": ...}`: what the program reads and what it must
/// write, white space at the ends of lines and of the whole not counted. Each test has a sandbox of its own. This
/// verifier runs other programs: a verdict near a limit of time may differ between machines.
public struct ProgramTests: Verifier {
    private struct Test {
        var input, output: String
    }

    private let sandbox: Sandbox
    private let command: [String]
    private let file: String
    private let field: String
    private let isPartial: Bool

    /// Reads `command` (python3 main.py), `file` (main.py), the name under which the code stands in the working folder,
    /// `field` (tests), `partial` (false: all tests or no reward; true: the share of tests passed), and the limits
    /// `seconds` (10), `processor_seconds` (5), `memory_mb` (512), `processes` (32), `output_kb` (1024), `files_mb` (32).
    /// - Throws: `ConfigError`; `VerifierError` `.noIsolation` where programs cannot be isolated.
    public init(from section: ConfigSection) throws {
        command = try section.list("command", default: ["python3", "main.py"])
        file = try section.value("file", default: "main.py")
        field = try section.value("field", default: "tests")
        isPartial = try section.value("partial", default: false)
        guard !command.isEmpty else { throw section.fault(.outOfRange, "command", "must name a program, got nothing") }
        guard !file.isEmpty, !file.contains("/"), file != ".", file != ".." else {
            throw section.fault(.outOfRange, "file", "must be a plain name, got \(file)")
        }
        var limits = Sandbox.Limits()
        limits.seconds = try section.value("seconds", default: limits.seconds, in: 0.1...3_600)
        limits.processorSeconds = try section.value(
            "processor_seconds", default: limits.processorSeconds, in: 1...3_600)
        limits.memory = try section.value("memory_mb", default: limits.memory >> 20, in: 16...1_000_000) << 20
        limits.processes = try section.value("processes", default: limits.processes, in: 4...10_000)
        limits.output = try section.value("output_kb", default: limits.output >> 10, in: 1...1_000_000) << 10
        limits.files = try section.value("files_mb", default: limits.files >> 20, in: 1...100_000) << 20
        sandbox = try Sandbox(limits: limits)
    }

    private func tests(of problem: Problem) throws -> [Test] {
        let tests = problem.fields[field]?.array?.compactMap { value -> Test? in
            guard case .object(let keys) = value, let output = keys["output"]?.string else { return nil }
            return Test(input: keys["input"]?.string ?? "", output: output)
        }
        guard let tests, !tests.isEmpty, tests.count == problem.fields[field]?.array?.count else {
            throw VerifierError(
                .badProblem, "the problem needs \"\(field)\", an array of {\"input\": text, \"output\": text}",
                place: problem.id)
        }
        return tests
    }

    public func check(_ problem: Problem) throws { _ = try tests(of: problem) }

    /// Reasons: `correct`; that of the first test failed: `wrong_output`, `killed` (by the limit of processor
    /// time), `crashed` (another exit status than 0), `timed_out` (by the clock), `output_limit`; `no_program`, `verifier_failed`, `malformed_problem`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let tests = try? tests(of: problem) else { return .failed("malformed_problem") }
        guard let code = FencedBlock.last(in: AnswerExtraction.afterThinking(completion)) else {
            return .failed("no_program")
        }
        var passed = 0
        var reason: String?
        for test in tests {
            guard let report = try? sandbox.run(command, files: [file: code], input: test.input) else {
                return .failed("verifier_failed")
            }
            let fault: String?
            switch report.end {
            case .timedOut: fault = "timed_out"
            case .outputLimit: fault = "output_limit"
            case .exited(128 + 9), .exited(128 + 24): fault = "killed"
            case .exited(let status) where status != 0: fault = "crashed"
            case .exited: fault = Self.lines(report.output) == Self.lines(test.output) ? nil : "wrong_output"
            }
            if fault == nil { passed += 1 }
            reason = reason ?? fault
            if fault != nil, !isPartial { break }
        }
        guard let reason else { return .correct }
        let share = isPartial ? Double(passed) / Double(tests.count) : 0
        return Verdict(reward: share, isCorrect: false, reason: reason)
    }

    private static func lines(_ text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for index in lines.indices {
            while lines[index].last?.isWhitespace == true { lines[index].removeLast() }
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
