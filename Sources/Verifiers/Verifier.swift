// What a verifier is: the judgement of a completion.

public import Trajectories

/// Judges completions of problems. A pure function of its options, the text and the problem, except where its
/// documentation says that it runs other programs.
public protocol Verifier: Sendable {
    /// Whether the problem has what `verdict` reads; for problems from files, at load time.
    /// - Throws: `VerifierError` `.badProblem`, or an environment's own error.
    func check(_ problem: Problem) throws

    /// Judges a completion, given as text without the stop token. Any text is judged; none is evaluated as code in
    /// this process.
    func verdict(on completion: String, for problem: Problem) -> Verdict

    /// What a completion answers, as it is written: its vote where the majority of several decides. Nil if it answers nothing.
    func answer(in completion: String) -> String?
}

extension Verifier {
    /// The whole text, without the space around it.
    public func answer(in completion: String) -> String? {
        let words = completion.split(whereSeparator: \.isWhitespace)
        return words.isEmpty ? nil : words.joined(separator: " ")
    }
}

extension Verdict {
    static let correct = Verdict(reward: 1, isCorrect: true, reason: "correct")

    /// No reward, and why.
    static func failed(_ reason: String) -> Verdict { Verdict(reward: 0, isCorrect: false, reason: reason) }
}
