// The verifier of exact answers.

public import ConfigCoding
public import Trajectories

/// Whether a completion is the problem's answer, character by character.
public struct ExactMatch: Verifier {
    /// What of a completion is compared.
    public enum Part: String, Sendable, CaseIterable {
        /// Everything behind the last `</think>`.
        case whole
        /// The last line that is not blank.
        case lastLine = "last_line"
        /// The content of the last `\boxed{}`.
        case boxed
    }

    public var part: Part
    public var ignoresCase: Bool
    public var field: String

    public init(part: Part = .whole, ignoresCase: Bool = false, field: String = "answer") {
        self.part = part
        self.ignoresCase = ignoresCase
        self.field = field
    }

    /// Reads `part` (whole; last_line, boxed), `ignore_case` (false) and `field` (answer). White space at both ends
    /// never counts.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        self.init(
            part: try section.choice("part", default: .whole),
            ignoresCase: try section.value("ignore_case", default: false),
            field: try section.value("field", default: "answer"))
    }

    private func golds(of problem: Problem) -> [String] {
        (problem.fields[field].map { $0.array ?? [$0] } ?? []).compactMap(\.string).map(normal)
    }

    private func normal(_ text: some StringProtocol) -> String {
        var slice = text[text.startIndex...]
        while let first = slice.first, first.isWhitespace { slice.removeFirst() }
        while let last = slice.last, last.isWhitespace { slice.removeLast() }
        return ignoresCase ? slice.lowercased() : String(slice)
    }

    public func check(_ problem: Problem) throws {
        guard !golds(of: problem).isEmpty else {
            throw VerifierError(
                .badProblem, "the problem needs \"\(field)\", a text or an array of texts", place: problem.id)
        }
    }

    /// Reasons: `correct`, `wrong_answer`, `no_answer`, `malformed_problem`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        let golds = golds(of: problem)
        guard !golds.isEmpty else { return .failed("malformed_problem") }
        let text = AnswerExtraction.afterThinking(completion)
        let answer: String?
        switch part {
        case .whole: answer = normal(text)
        case .lastLine: answer = text.split(whereSeparator: \.isNewline).map(normal).last { !$0.isEmpty }
        case .boxed: answer = AnswerExtraction.candidates(in: completion, place: .boxed).first.map(normal)
        }
        guard let answer else { return .failed("no_answer") }
        return golds.contains(answer) ? .correct : .failed("wrong_answer")
    }
}
