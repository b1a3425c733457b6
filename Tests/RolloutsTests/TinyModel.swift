// A model small enough to decode thousands of tokens in a test, and the numbers tests ask of it.

import Models
import Rollouts
import Torch
import Trajectories

enum TinyModel {
    static let vocabularySize = 29
    static let contextLength = 48

    /// Weights far wider than a real start's, so that its distributions are peaked and differ from token to token.
    static func make(seed: UInt64 = 11, layers: Int = 1, tied: Bool = false) throws -> any LanguageModel {
        try Runtime.prepare(threads: 1)
        return try ModelFolder.initialise(
            ModelConfig(
                vocabularySize: vocabularySize, hiddenSize: 16, layers: layers, heads: 4, keyValueHeads: 2,
                intermediateSize: 24, contextLength: contextLength, tiesEmbeddings: tied, stopTokens: [0]),
            seed: seed, deviation: 0.4)
    }

    /// Prompts of 1...`longest` random tokens, none of them a stop token.
    static func prompts(_ count: Int, longest: Int = 12, case number: Int = 0) -> [RolloutEngine.Prompt] {
        var random = RandomSource(seed: 20_260_918, purpose: .testing, step: number)
        return (0..<count).map { index in
            let length = 1 + random.integer(below: longest)
            return RolloutEngine.Prompt(
                tokens: (0..<length).map { _ in Int32(1 + random.integer(below: vocabularySize - 1)) }, index: index)
        }
    }
}

extension SamplingOptions {
    static func tiny(
        temperature: Double = 1, isGreedy: Bool = false, maxNewTokens: Int = 20, stopTokens: Set<Int32> = [0]
    ) -> SamplingOptions {
        SamplingOptions(
            temperature: temperature, isGreedy: isGreedy, maxNewTokens: maxNewTokens, stopTokens: stopTokens)
    }
}
