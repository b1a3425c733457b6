// Where the examples of a supervised run come from: the environment's demonstrations, or a file.

import ChatTemplates
import Environments
import Trajectories

/// The sequence of supervised examples, addressed by position, so that resuming at a position is exact.
struct ExampleSource: Sendable {
    private let environment: any Environment
    /// Prompts or messages whose field `completion` is the text to imitate, or messages in which the assistant speaks;
    /// nil takes the environment's demonstrations.
    private let file: [Problem]?

    /// - Throws: `EnvironmentError` for an unreadable file, `TrainingError` for a line without a completion.
    init(_ config: SupervisedConfig) throws {
        environment = config.environment
        file = try config.examples.map {
            try ProblemFile.load($0, mapping: config.mapping, split: config.split).train
        }
        for problem in file ?? [] where problem.fields["completion"]?.string == nil {
            guard try problem.messages()?.contains(where: \.isAssistant) ?? false else {
                throw TrainingError(
                    .emptyData,
                    "\(problem.id) has no text 'completion' and no message of the assistant, which a supervised example "
                        + "needs", place: problem.id)
            }
        }
    }

    /// Refuses a file with an example that the model's context cannot hold, before anything is trained.
    func check(_ vocabulary: Vocabulary, contextLength: Int) throws {
        for position in 0..<(file?.count ?? 0) {
            _ = try sequences(at: position, vocabulary, contextLength: contextLength)
        }
    }

    /// The example at a position, ending with the stop token; of a conversation one sequence for each turn of the
    /// assistant, whose sum is the loss over the mask of its turns.
    func sequences(at position: Int, _ vocabulary: Vocabulary, contextLength: Int) throws -> [TrainingSequence] {
        let (problem, completion) = try pair(at: position)
        let sequences: [TrainingSequence]
        if let completion {
            sequences = [
                TrainingSequence(
                    prompt: try vocabulary.prompt(of: problem).tokens,
                    tokens: vocabulary.continuation(completion) + vocabulary.stopTokens.sorted().prefix(1))
            ]
        } else {
            sequences = try vocabulary.turns(of: problem).map {
                TrainingSequence(prompt: $0.prompt, tokens: $0.completion)
            }
        }
        for sequence in sequences where sequence.inputLength > contextLength {
            throw TrainingError(
                .mismatch,
                "\(problem.id) has \(sequence.inputLength) tokens, the model's context holds \(contextLength); shorten it or drop it",
                place: problem.id)
        }
        return sequences
    }

    private func pair(at position: Int) throws -> (Problem, String?) {
        if let file {
            let problem = file[position % file.count]
            return (problem, problem.fields["completion"]?.string)
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
