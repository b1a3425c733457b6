// The verifier of mathematical answers.

public import ConfigCoding
public import Trajectories

/// Extracts the final answer of a completion and compares it with the problem's.
///
/// The problem's field (`answer` unless configured) holds the gold answer: a text, a number, or an array of those any
/// one of which is right. A text may be a whole solution with `\boxed{}` or with `#### 42` at its end.
///
/// What counts as equal: exact numbers exactly (fractions, powers, roots, whatever their form); numbers with a decimal
/// point within a relative tolerance; `50%` as 50 and as 0.5; a missing unit as the gold's, units of one dimension by
/// conversion; sets and lists without order, tuples and intervals with it; `x = 3` as 3; inequalities as the intervals
/// they describe; expressions in letters if they are equal as functions, by canonical form or by probing at seeded
/// points. Texts are parsed, never evaluated as code, within a fixed number of steps.
public struct Mathematics: Verifier {
    public var place: AnswerExtraction.Place
    public var tolerance: Double
    public var field: String

    public init(place: AnswerExtraction.Place = .anywhere, tolerance: Double = 1e-6, field: String = "answer") {
        self.place = place
        self.tolerance = tolerance
        self.field = field
    }

    /// Reads `extraction` (anywhere; or boxed), `tolerance` (1e-6) in 0...0.1 and `field` (answer).
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        self.init(
            place: try section.choice("extraction", default: .anywhere),
            tolerance: try section.value("tolerance", default: 1e-6, in: 0...0.1),
            field: try section.value("field", default: "answer"))
    }

    public func check(_ problem: Problem) throws {
        guard !(try golds(of: problem)).isEmpty else {
            throw VerifierError(
                .badProblem, "the problem needs \"\(field)\", a text, a number, or an array of those", place: problem.id
            )
        }
    }

    /// Reasons: `correct`, `wrong_answer`, `no_answer`, `unreadable_answer`, `too_complex`, `malformed_problem`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let golds = try? golds(of: problem), !golds.isEmpty else { return .failed("malformed_problem") }
        guard let answer = answer(in: completion) else { return .failed("no_answer") }
        var reason = "wrong_answer"
        for gold in golds {
            switch MathEquivalence.compare(gold: gold, answer: answer, tolerance: tolerance).outcome {
            case .equal: return .correct
            case .different: break
            case .unreadable: reason = "unreadable_answer"
            case .tooComplex: reason = "too_complex"
            }
        }
        return .failed(reason)
    }

    /// The last readable one of the places where an answer may be, else the last.
    public func answer(in completion: String) -> String? {
        let candidates = AnswerExtraction.candidates(in: completion, place: place)
        return candidates.first(where: MathEquivalence.isReadable) ?? candidates.first
    }

    /// The gold answers, each without the solution around it.
    private func golds(of problem: Problem) throws -> [String] {
        let values = problem.fields[field].map { $0.array ?? [$0] } ?? []
        return try values.map { value in
            switch value {
            case .number(let number): return value.integer.map(String.init) ?? String(number)
            case .string(let text):
                let isSolution = text.contains(#"\boxed"#) || text.contains("####")
                return isSolution ? AnswerExtraction.candidates(in: text).first ?? text : text
            default:
                throw VerifierError(
                    .badProblem, "\"\(field)\" must be a text, a number, or an array of those", place: problem.id)
            }
        }
    }
}
