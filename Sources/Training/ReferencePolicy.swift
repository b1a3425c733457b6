// The frozen reference policy: a second model that is only read.

import Models

/// log p of completions under a model that is never trained, at the run's sampling temperature.
struct ReferencePolicy {
    private let path: String
    private let updater: PolicyUpdater

    /// Loads the folder; nil where the configuration names none.
    init?(_ config: TrainConfig) throws {
        guard let path = config.reference else { return nil }
        self.path = path
        updater = PolicyUpdater(
            model: try ModelFolder.load(path), temperature: config.rollout.temperature,
            microBatchTokens: config.training.microBatchTokens)
    }

    /// Refuses a reference that cannot read what the trained model writes.
    func check(_ trained: ModelConfig) throws {
        let own = updater.model.config
        guard own.vocabularySize == trained.vocabularySize else {
            throw TrainingError(
                .mismatch,
                "the reference \(path) has a vocabulary of \(own.vocabularySize), the trained model one of "
                    + "\(trained.vocabularySize); name a reference with the same tokenizer", place: path)
        }
        guard own.contextLength >= trained.contextLength else {
            throw TrainingError(
                .mismatch,
                "the reference \(path) has a context of \(own.contextLength), the trained model one of "
                    + "\(trained.contextLength); name a reference with at least that", place: path)
        }
    }

    /// One array per sequence, in order, [T] each, nats.
    func logprobs(of sequences: [TrainingSequence]) throws -> [[Float]] {
        let layout = TokenLayout(sequences)
        let all = try updater.statistics(of: sequences).logprob
        return sequences.indices.map { layout.slice(all, [$0]) }
    }
}
