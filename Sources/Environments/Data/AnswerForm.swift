// Where in a published solution its answer stands.

import Verifiers

/// What of the field `answer` is the answer.
public enum AnswerForm: String, Sendable, CaseIterable {
    /// All of it.
    case whole
    /// What follows the last `####` on its line, as in GSM8K.
    case hashes
    /// The content of the last `\boxed{}`, as in MATH.
    case boxed

    /// What a solution of this form contains.
    var sign: String {
        switch self {
        case .whole: "text"
        case .hashes: "\"####\" with something behind it"
        case .boxed: #""\boxed{...}""#
        }
    }

    /// The answer in a solution, without white space around it; nil if there is none.
    public func answer(in solution: String) -> String? {
        let found: String?
        switch self {
        case .whole: found = solution
        case .hashes:
            found = solution.ranges(of: "####").last.map { mark in
                String(solution[mark.upperBound...].prefix { !$0.isNewline })
            }
        case .boxed:
            found = AnswerExtraction.candidates(in: solution, place: .boxed).first ?? Self.unbraced(in: solution)
        }
        guard let found else { return nil }
        let words = found.drop(while: \.isWhitespace)
        let answer = String(words.reversed().drop(while: \.isWhitespace).reversed())
        return answer.isEmpty ? nil : answer
    }

    /// `\boxed 7`, up to the formula's end: some published solutions write one-digit answers so.
    private static func unbraced(in solution: String) -> String? {
        solution.ranges(of: #"\boxed "#).last.map { mark in
            String(solution[mark.upperBound...].prefix { $0 != "$" && !$0.isNewline })
        }
    }
}
