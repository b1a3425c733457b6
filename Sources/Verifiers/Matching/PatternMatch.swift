// The verifier of regular expressions.

public import ConfigCoding
public import Trajectories

/// Whether a completion matches a regular expression, in time linear in its length (see `Pattern`).
///
/// The pattern is configured, or each problem brings its own in a field.
public struct PatternMatch: Verifier {
    private enum Source: Sendable {
        case fixed(Pattern)
        case field(String)
    }

    private let source: Source
    private let isWhole: Bool

    /// - Throws: `VerifierError` `.badPattern`.
    public init(pattern: String, whole: Bool = false) throws {
        source = .fixed(try Pattern(pattern))
        isWhole = whole
    }

    /// Reads `pattern`, or else `field` (pattern), the problem's key that holds one; and `whole` (false): the whole
    /// completion must match, not a part of it.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        isWhole = try section.value("whole", default: false)
        let field = try section.value("field", default: "pattern")
        guard let pattern = try section.optional("pattern", as: String.self) else {
            source = .field(field)
            return
        }
        do {
            source = .fixed(try Pattern(pattern))
        } catch let error as VerifierError {
            throw section.fault(.outOfRange, "pattern", "cannot be used: \(error.message)")
        }
    }

    private func pattern(of problem: Problem) throws -> Pattern {
        switch source {
        case .fixed(let pattern): return pattern
        case .field(let field):
            guard let text = problem.fields[field]?.string else {
                throw VerifierError(
                    .badProblem, "the problem needs \"\(field)\", a regular expression", place: problem.id)
            }
            return try Pattern(text)
        }
    }

    public func check(_ problem: Problem) throws { _ = try pattern(of: problem) }

    /// Reasons: `correct`, `no_match`, `malformed_problem`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let pattern = try? pattern(of: problem) else { return .failed("malformed_problem") }
        return pattern.matches(completion, whole: isWhole) ? .correct : .failed("no_match")
    }
}
