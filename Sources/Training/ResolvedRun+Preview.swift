// What a run would be, before any of it is loaded: sizes from the model's folder, lengths from the first prompts.

import Models

extension ResolvedRun {
    /// Prompts that are tokenised to see how long they usually are.
    private static let promptsRead = 64
    /// Taken for the tokens of a prompt where none can be read.
    private static let assumedPromptTokens = 256

    /// The run that a configuration describes, whose tokenizer and prompts need not be there yet.
    /// - Returns: beside the run a sentence about what had to be assumed, if anything.
    /// - Throws: `ModelError` about `config.json` or a folder of adapters.
    public static func preview(_ config: TrainConfig) throws -> (run: ResolvedRun, assumption: String?) {
        let model = try ModelConfig(folder: config.model)
        do {
            var vocabulary = try Vocabulary(folder: config.model, model: model)
            let source = try ProblemSource(config).fitted(config, vocabulary, contextLength: model.contextLength)
            vocabulary.cutLength = source.fit?.cutLength
            let tokens = try usualPromptTokens(source, vocabulary)
            return (try ResolvedRun(config, model: model, promptTokens: tokens), nil)
        } catch {
            let assumed = min(assumedPromptTokens, model.contextLength / 2)
            return (
                try ResolvedRun(config, model: model, promptTokens: assumed),
                "Prompts are taken to have \(assumed) tokens, because they could not be read: \(error)."
            )
        }
    }

    /// The mean length of a run's first prompts, rounded up.
    static func usualPromptTokens(_ source: ProblemSource, _ vocabulary: Vocabulary) throws -> Int {
        let total = try (0..<promptsRead).reduce(0) {
            $0 + (try vocabulary.prompt(of: source.problem(at: $1)).tokens.count)
        }
        return (total + promptsRead - 1) / promptsRead
    }
}
