// Where the examples of a supervised run come from: the environment's demonstrations, or a file.

import Environments
import Trajectories

/// The sequence of supervised examples, addressed by position, so that resuming at a position is exact.
struct ExampleSource: Sendable {
    private let environment: any Environment
    /// Prompts whose field `completion` is the text to imitate; nil takes the environment's demonstrations.
    private let file: [Problem]?

    /// - Throws: `EnvironmentError` for an unreadable file, `TrainingError` for a line without a completion.
    init(_ config: SupervisedConfig) throws {
        environment = config.environment
        file = try config.examples.map(ProblemFile.load)
        for problem in file ?? [] where problem.fields["completion"]?.string == nil {
            throw TrainingError(
                .emptyData, "\(problem.id) has no text 'completion', which a supervised example needs",
                place: problem.id)
        }
    }

    /// Refuses a file with an example that the model's context cannot hold, before anything is trained.
    func check(_ vocabulary: Vocabulary, contextLength: Int) throws {
        for position in 0..<(file?.count ?? 0) {
            _ = try sequence(at: position, vocabulary, contextLength: contextLength)
        }
    }

    /// The example at a position, ending with the stop token.
    func sequence(at position: Int, _ vocabulary: Vocabulary, contextLength: Int) throws -> TrainingSequence {
        let (problem, completion) = try pair(at: position)
        let sequence = TrainingSequence(
            prompt: vocabulary.encode(problem.prompt),
            tokens: vocabulary.encode(completion) + vocabulary.stopTokens.sorted().prefix(1))
        guard sequence.inputLength <= contextLength else {
            throw TrainingError(
                .mismatch,
                "\(problem.id) has \(sequence.inputLength) tokens, the model's context holds \(contextLength); shorten it or drop it",
                place: problem.id)
        }
        return sequence
    }

    private func pair(at position: Int) throws -> (Problem, String) {
        if let file {
            let problem = file[position % file.count]
            return (problem, problem.fields["completion"]?.string ?? "")
        }
        guard let pair = try environment.demonstration(position, split: .train) else {
            throw TrainingError(
                .emptyData,
                "the environment \(environment.name) has no demonstrations; give examples: FILE.jsonl",
                place: "environment")
        }
        return (pair.problem, pair.completion)
    }
}
