// What an environment is: a source of problems with a verifier.

public import Trajectories
public import Verifiers

/// Which problems: those that are trained on, or those that never are.
public enum Split: String, Sendable, CaseIterable {
    case train
    case heldout
}

/// Problems, correct examples of them, and, as a verifier, the judgement of completions.
///
/// Everything is a pure function of the environment's options, its seed and the arguments, so that runs repeat and
/// resume exactly.
public protocol Environment: Verifier {
    /// Name in the catalogue, first part of every problem's id.
    var name: String { get }

    /// The number of problems of a split; nil when they are made on demand without end.
    func count(of split: Split) -> Int?

    /// The problem with an index, from 0 on.
    /// - Throws: `EnvironmentError` `.badIndex`, or `.exhausted` if the options leave no problem in the split.
    func problem(_ index: Int, split: Split) throws -> Problem

    /// A correct completion of `problem(index, split:)`, for the supervised warm start; nil if the environment knows
    /// none.
    func demonstration(_ index: Int, split: Split) throws -> (problem: Problem, completion: String)?

    // The requirements of `Verifier`, said again so that whoever imports this module alone can call them.

    /// Whether the problem has what `verdict` reads; for problems from files, at load time.
    /// - Throws: `EnvironmentError` `.badProblem`; under a configured reward also `VerifierError`.
    func check(_ problem: Problem) throws

    /// Judges a completion, given as text without the stop token. Any text is judged; none is evaluated as code in
    /// this process.
    func verdict(on completion: String, for problem: Problem) -> Verdict

    /// What a completion answers, as it is written; nil if it answers nothing.
    func answer(in completion: String) -> String?
}
