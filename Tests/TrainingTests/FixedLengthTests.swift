// A model without a stop token: completions have one length, and are judged at it.

import Foundation
import Models
import Runs
import Testing
import Torch
import Training

@Suite struct FixedLengthTests {
    @Test func `without a stop token a completion is judged at the limit, with one it earns nothing there`() throws {
        try Runtime.prepare(threads: 1)
        let scratch = try Scratch()
        // token 3 stands for a byte; three tokens of a random model hardly ever end in it
        for (name, stopTokens, isJudged) in [("without", [Int32](), true), ("with", [Int32(3)], false)] {
            let config = ModelConfig(
                vocabularySize: 257, hiddenSize: 16, layers: 1, heads: 2, keyValueHeads: 2, intermediateSize: 32,
                contextLength: 16, tiesEmbeddings: true, stopTokens: stopTokens)
            try ModelFolder.save(
                try ModelFolder.initialise(config, seed: 2), to: scratch(name),
                companions: ModelCompanions(TinyRun.tokenizer))
            let yaml = """
                model: \(scratch(name))
                output: \(scratch("run-" + name))
                environment: {name: parity, prompt_length: 4}
                algorithm: {name: grpo}
                rollout: {prompts_per_step: 2, completions_per_prompt: 8, max_new_tokens: 3}
                training: {steps: 1}
                """
            try TrainingRun(try TinyRun.config(yaml), resume: false).run()
            let folder = try RunFolder.open(at: scratch("run-" + name))
            let record = try #require(try MetricsLog.read(file: folder.metricsPath).first)
            if isJudged { #expect(record["completion/length_mean"]?.number == 3) }
            #expect((record["reason/length"] == nil) == isJudged)
            #expect(((record["reward/mean"]?.number ?? 0) > 0.2) == isJudged)
        }
    }
}
