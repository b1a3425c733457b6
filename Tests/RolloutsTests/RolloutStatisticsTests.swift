// What the sampler says of its tokens is what the trainer says of them.

import Foundation
import Models
import Rollouts
import Testing
import Torch
import Training
import Trajectories

@Suite struct RolloutStatisticsTests {
    @Test(arguments: [(1, false, 1.0), (2, true, 1.0), (2, false, 0.7), (1, true, 1.6)])
    func `sampled statistics agree with the trainer's on the same tokens`(
        layers: Int, tied: Bool, temperature: Double
    ) throws {
        let model = try TinyModel.make(layers: layers, tied: tied)
        let prompts = TinyModel.prompts(12, case: layers)
        let engine = RolloutEngine(model: model, seed: 3, slots: 10)
        let groups = try engine.complete(
            prompts, samples: 4, options: .tiny(temperature: temperature), step: 5)
        let sampled = groups.flatMap(\.self)
        let sequences = zip(prompts, groups).flatMap { prompt, group in
            group.map { TrainingSequence(prompt: prompt.tokens, tokens: $0.tokens) }
        }
        let trained = try PolicyUpdater(model: model, temperature: temperature, microBatchTokens: 100)
            .statistics(of: sequences)
        let columns: [([Float], [Float])] = [
            (sampled.flatMap(\.sampledLogprob), trained.logprob), (sampled.flatMap(\.entropy), trained.entropy),
            (sampled.flatMap(\.discriminant), trained.discriminant),
            (sampled.flatMap(\.expectedDiscriminant), trained.expectedDiscriminant),
        ]
        for (left, right) in columns {
            #expect(left.count == right.count && left.count > 100)
            #expect(zip(left, right).allSatisfy { abs($0 - $1) < 1e-4 })
        }
        #expect(Set(sampled.flatMap(\.tokens)).count > 5, "the model is not degenerate")
    }

    @Test func `draws follow the distribution their log-probability states`() throws {
        let model = try TinyModel.make(seed: 5)
        let samples = 20_000
        let engine = RolloutEngine(model: model, seed: 9, slots: 1024)
        let drawn = try engine.complete(
            [RolloutEngine.Prompt(tokens: [3, 7], index: 0)], samples: samples, options: .tiny(maxNewTokens: 1),
            step: 0)[0]
        var counts: [Int32: Int] = [:]
        var logprob: [Int32: Double] = [:]
        for completion in drawn {
            counts[completion.tokens[0], default: 0] += 1
            logprob[completion.tokens[0]] = Double(completion.sampledLogprob[0])
        }
        for (token, count) in counts {
            let p = exp(logprob[token] ?? 0)
            let deviation = (p * (1 - p) * Double(samples)).squareRoot()
            #expect(abs(Double(count) - p * Double(samples)) < 5 * deviation + 1, "token \(token)")
        }
        #expect(abs(logprob.values.reduce(0) { $0 + exp($1) } - 1) < 0.01)
    }
}
