// The verifier of multiple-choice answers.

public import ConfigCoding
public import Trajectories

/// Whether a completion chooses the right letter.
///
/// The choice is the letter in the last `\boxed{}`, else behind the last "answer is" or "answer:", else the last line if
/// it is a letter alone. A letter within a sentence is no choice, so that an article A is none.
public struct MultipleChoice: Verifier {
    public var letters: String
    public var field: String

    public init(letters: String = "ABCDE", field: String = "answer") {
        self.letters = letters
        self.field = field
    }

    /// Reads `letters` (ABCDE) and `field` (answer).
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        let letters = try section.value("letters", default: "ABCDE")
        guard 2...26 ~= letters.count, Set(letters).count == letters.count,
            letters.allSatisfy({ ("A"..."Z").contains($0) })
        else {
            throw section.fault(.outOfRange, "letters", "must be 2 to 26 different capital letters, got \(letters)")
        }
        self.init(letters: letters, field: try section.value("field", default: "answer"))
    }

    private func gold(of problem: Problem) -> Character? {
        guard let text = problem.fields[field]?.string, text.count == 1, let letter = text.first else { return nil }
        return letters.contains(letter) ? letter : nil
    }

    public func check(_ problem: Problem) throws {
        guard gold(of: problem) != nil else {
            throw VerifierError(
                .badProblem, "the problem needs \"\(field)\", one letter of \(letters)", place: problem.id)
        }
    }

    /// Reasons: `correct`, `wrong_answer`, `no_answer`, `malformed_problem`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let gold = gold(of: problem) else { return .failed("malformed_problem") }
        guard let choice = choice(in: completion) else { return .failed("no_answer") }
        return choice == gold ? .correct : .failed("wrong_answer")
    }

    public func answer(in completion: String) -> String? { choice(in: completion).map { String($0) } }

    private func choice(in completion: String) -> Character? {
        if let boxed = AnswerExtraction.candidates(in: completion, place: .boxed).first { return leading(boxed) }
        if let phrase = AnswerExtraction.answerPhrase(in: completion) { return leading(phrase) }
        let lines = AnswerExtraction.afterThinking(completion).split(whereSeparator: \.isNewline)
        return lines.last { !$0.allSatisfy(\.isWhitespace) }.flatMap { line in
            let bare = line.filter { !" ().*:$\t".contains($0) }
            return bare.count == 1 ? bare.first.flatMap(letter) : nil
        }
    }

    /// The letter at the start, if nothing of a word follows it: `C`, `(C)`, `C) 12`, `\text{C}`.
    private func leading(_ text: String) -> Character? {
        var rest = text[...]
        for prefix in ["\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{"] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
        }
        rest = rest.drop { " (*$".contains($0) }
        guard let first = rest.first, let letter = letter(first) else { return nil }
        let after = rest.dropFirst().first
        return after.map { $0.isLetter || $0.isNumber || $0 == "'" } ?? false ? nil : letter
    }

    private func letter(_ character: Character) -> Character? { letters.contains(character) ? character : nil }
}
