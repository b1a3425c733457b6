// Reading rollouts.sqlite back: for reports, for `whatif`, for curiosity.

import GRDB
public import Trajectories

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ExperienceStore {
    /// What is stored, by ascending step.
    public func steps() throws -> [StoredStep] {
        try reading { database in
            try Row.fetchAll(database, sql: "SELECT step, prompts, completions, tokens FROM steps ORDER BY step").map {
                row in
                guard let step: Int = DatabaseValues.value("step", of: row),
                    let prompts: Int = DatabaseValues.value("prompts", of: row),
                    let completions: Int = DatabaseValues.value("completions", of: row),
                    let tokens: Int = DatabaseValues.value("tokens", of: row)
                else { throw damage("the list of steps") }
                return StoredStep(step: step, prompts: prompts, completions: completions, tokens: tokens)
            }
        }
    }

    /// The highest step stored; nil if there is none.
    public func lastStep() throws -> Int? {
        try reading { try Int.fetchOne($0, sql: "SELECT max(step) FROM steps") }
    }

    /// The prompts of a step in their order; empty if the step is not stored.
    public func prompts(step: Int) throws -> [StoredPrompt] {
        try reading { try prompts(step: step, in: $0) }
    }

    /// The completions of a step, by prompt, then in their order; empty if the step is not stored.
    public func completions(step: Int) throws -> [StoredCompletion] {
        try reading { try completions(step: step, in: $0) }
    }

    /// The groups of a step exactly as they were given to `append`.
    ///
    /// - Throws: `RunError`: `.missing` if the step is not stored, or without the statistics of its tokens.
    public func groups(step: Int) throws -> [RolloutGroup] {
        let (isStored, prompts, completions) = try reading { database in
            (
                try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM steps WHERE step = ?)", arguments: [step]) ?? false,
                try self.prompts(step: step, in: database), try self.completions(step: step, in: database)
            )
        }
        guard isStored else {
            throw RunError(.missing, "step \(step) is not stored in \(path); choose one that is", place: path)
        }
        let ofPrompt = Dictionary(grouping: completions, by: \.prompt)
        return try prompts.map { prompt in
            let completions = ofPrompt[prompt.position] ?? []
            return RolloutGroup(
                problem: prompt.problem, promptTokens: prompt.tokens,
                completions: try completions.map {
                    guard let statistics = $0.statistics else {
                        throw RunError(
                            .missing,
                            "step \(step) is stored in \(path) without token statistics; "
                                + "record them in the run to replay its steps",
                            place: path)
                    }
                    return statistics
                },
                texts: completions.map(\.text), verdicts: completions.map(\.verdict))
        }
    }

    private func prompts(step: Int, in database: Database) throws -> [StoredPrompt] {
        try Row.fetchAll(
            database,
            sql: "SELECT position, problem, text, fields, tokens FROM prompts WHERE step = ? ORDER BY position",
            arguments: [step]
        ).map { row in
            guard let position: Int = DatabaseValues.value("position", of: row) else {
                throw damage("the place of a prompt", step: step)
            }
            guard let id = DatabaseValues.text(row["problem"]), let text = DatabaseValues.text(row["text"]),
                let fields = DatabaseValues.text(row["fields"]).flatMap(DatabaseValues.fields),
                let tokens = DatabaseValues.integers("tokens", of: row)
            else { throw damage("prompt \(position)", step: step) }
            return StoredPrompt(
                step: step, position: position, problem: Problem(id: id, prompt: text, fields: fields), tokens: tokens)
        }
    }

    private func completions(step: Int, in database: Database) throws -> [StoredCompletion] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT prompts.position AS prompt, completions.position AS place, completions.text AS words,
                    completions.tokens AS ids, reward, is_correct, reason, stop_reason,
                    sampled_logprob, entropy, discriminant, expected_discriminant
                FROM completions JOIN prompts ON prompts.id = completions.prompt
                WHERE prompts.step = ? ORDER BY prompts.position, completions.position
                """, arguments: [step]
        ).map { row in
            guard let prompt: Int = DatabaseValues.value("prompt", of: row),
                let position: Int = DatabaseValues.value("place", of: row)
            else { throw damage("the place of a completion", step: step) }
            let word: String? = DatabaseValues.value("stop_reason", of: row)
            guard let text = DatabaseValues.text(row["words"]), let tokens = DatabaseValues.integers("ids", of: row),
                let reward: Double = DatabaseValues.value("reward", of: row),
                let isCorrect: Bool = DatabaseValues.value("is_correct", of: row),
                let reason = DatabaseValues.text(row["reason"]),
                let stopReason = word.flatMap(StopReason.init(rawValue:))
            else { throw damage("completion \(position) of prompt \(prompt)", step: step) }
            let columns = ["sampled_logprob", "entropy", "discriminant", "expected_discriminant"]
            let blobs = columns.map { DatabaseValues.value($0, of: row) as Data? }
            let statistics = blobs.compactMap { $0.flatMap(DatabaseValues.floats) }
            let isWhole = statistics.count == columns.count && statistics.allSatisfy { $0.count == tokens.count }
            guard isWhole || blobs.allSatisfy({ $0 == nil }) else {
                throw damage("completion \(position) of prompt \(prompt)", step: step)
            }
            return StoredCompletion(
                step: step, prompt: prompt, position: position, tokens: tokens, text: text,
                verdict: Verdict(reward: reward, isCorrect: isCorrect, reason: reason),
                stopReason: stopReason,
                statistics: isWhole
                    ? Completion(
                        tokens: tokens, sampledLogprob: statistics[0], entropy: statistics[1],
                        discriminant: statistics[2], expectedDiscriminant: statistics[3], stopReason: stopReason) : nil)
        }
    }

    private func damage(_ part: String, step: Int? = nil) -> RunError {
        let place = step.map { " of step \($0)" } ?? ""
        return RunError(
            .damaged, "could not read \(path): \(part)\(place) is not as it was written; restore a copy", place: path)
    }
}
