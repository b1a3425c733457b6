// Prompts against their limit, before anything is sampled: refused, left out or cut, as the configuration says.

public import Environments
public import Trajectories

/// The problems whose prompts fit a model, and what became of the others.
public struct PromptFit: Sendable {
    public var kept: [Problem] = []
    /// Problems left out.
    public var dropped = 0
    /// Prompts that lose tokens at their left end.
    public var cut = 0
    /// Tokens that a prompt may have.
    public var limit: Int
    /// Tokens of the longest prompt that was given.
    public var longest = 0
    public var policy: PromptLimit.Policy

    /// Counts the tokens of every prompt.
    ///
    /// - Parameters:
    ///   - limit: the context always leaves room for one token more.
    ///   - place: what an error calls the list.
    /// - Throws: `TrainingError` `.mismatch` for the first prompt that does not fit under `refuse`, for a conversation that does not
    ///   under `keep_end`, and `.emptyData` where nothing is left; what `Vocabulary.prompt(of:)` throws.
    public init(
        _ problems: [Problem], _ vocabulary: Vocabulary, contextLength: Int, limit wanted: PromptLimit, place: String
    ) throws {
        limit = min(wanted.tokens ?? .max, contextLength - 1)
        policy = wanted.policy
        let bound =
            wanted.tokens.map { $0 < contextLength } == true
            ? "data.max_prompt_tokens is \(limit)" : "the model's context holds \(contextLength) with the completion"
        for problem in problems {
            let count = try vocabulary.prompt(of: problem).tokens.count
            longest = max(longest, count)
            if count > limit {
                switch policy {
                case .refuse:
                    throw refusal(problem, count, bound, "shorten it, or set data.overlong to drop or keep_end")
                case .drop:
                    dropped += 1
                    continue
                case .keepEnd:
                    guard problem.fields["messages"] == nil else {
                        throw refusal(
                            problem, count, bound,
                            "keep_end cuts prompts that are texts, and this is a conversation; set data.overlong to drop"
                        )
                    }
                    cut += 1
                }
            }
            kept.append(problem)
        }
        guard !kept.isEmpty else {
            throw TrainingError(
                .emptyData,
                "every prompt of \(place) has more than the \(limit) tokens that fit; raise data.max_prompt_tokens or take a "
                    + "model with a longer context", place: place)
        }
    }

    /// What was done, in one sentence; nil if every prompt fits.
    public var sentence: String? {
        let all = kept.count + dropped
        if dropped > 0 {
            return
                "left out \(dropped) of \(all) problems, whose prompts have more than \(limit) tokens (the longest \(longest))"
        }
        if cut > 0 {
            return "cut \(cut) of \(all) prompts at the left to \(limit) tokens (the longest had \(longest))"
        }
        return nil
    }

    /// The length that a vocabulary has to cut prompts to; nil where none is too long.
    public var cutLength: Int? { cut > 0 ? limit : nil }

    private func refusal(_ problem: Problem, _ count: Int, _ bound: String, _ help: String) -> TrainingError {
        TrainingError(
            .mismatch, "\(problem.id) has a prompt of \(count) tokens, and \(bound); \(help)",
            place: problem.id)
    }
}
