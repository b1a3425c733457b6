// The environment of problems from files: it has none of its own, and its reward is configured.

public import Trajectories
import Verifiers

/// Problems come from the files that the run names; `reward:` says how completions are judged.
public struct Dataset: Environment {
    public var name: String { "dataset" }

    public init() {}

    /// None: problems come from files.
    public func count(of split: Split) -> Int? { 0 }

    public func problem(_ index: Int, split: Split) throws -> Problem {
        throw EnvironmentError(
            .badIndex, "a dataset has no problems of its own; name a file of them (prompts, --problems)", place: name)
    }

    /// The `completion` of a file is read with its problem; there is none to make.
    public func demonstration(_ index: Int, split: Split) throws -> (problem: Problem, completion: String)? { nil }

    public func check(_ problem: Problem) throws {}

    /// Without `reward:` nothing is judged.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        Verdict(reward: 0, isCorrect: false, reason: "no_verifier")
    }
}
