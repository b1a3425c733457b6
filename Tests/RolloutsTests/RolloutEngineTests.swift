// The engine: reproducible whatever runs beside a completion, greedy when asked, bounded, and clear about refusals.

import Models
import Rollouts
import Testing
import Torch
import Trajectories

@Suite struct RolloutEngineTests {
    @Test func `a seed gives the same completions whatever the number of slots and the other prompts`() throws {
        let model = try TinyModel.make(layers: 2)
        let prompts = TinyModel.prompts(40)
        let samples = 5
        let whole = try RolloutEngine(model: model, seed: 21, slots: 64).complete(
            prompts, samples: samples, options: .tiny(), step: 2)
        var compared = 0
        var flipped = 0
        func compare(_ others: [[Completion]], _ indices: [Int]) {
            for (other, index) in zip(others, indices) {
                #expect(other.count == samples)
                for (a, b) in zip(other, whole[index]) {
                    compared += 1
                    if a.tokens != b.tokens || a.stopReason != b.stopReason { flipped += 1 }
                }
            }
        }
        for slots in [1, 3, 8] {
            compare(
                try RolloutEngine(model: model, seed: 21, slots: slots).complete(
                    prompts, samples: samples, options: .tiny(), step: 2), Array(prompts.indices))
        }
        for index in stride(from: 0, to: prompts.count, by: 4) {
            compare(
                try RolloutEngine(model: model, seed: 21, slots: 64).complete(
                    [prompts[index]], samples: samples, options: .tiny(), step: 2), [index])
        }
        let backwards = Array(prompts.indices.reversed())
        compare(
            try RolloutEngine(model: model, seed: 21, slots: 7).complete(
                backwards.map { prompts[$0] }, samples: samples, options: .tiny(), step: 2), backwards)
        // Logits may differ in their last bit with the shape of the batch; a draw flips only if it lies that close.
        #expect(flipped == 0, "\(flipped) of \(compared) completions differ")
        #expect(compared == 850)
    }

    @Test func `step, seed, prompt index and sample each give other draws`() throws {
        let model = try TinyModel.make()
        func tokens(seed: UInt64 = 1, step: Int = 1, index: Int = 0) throws -> [[Int32]] {
            try RolloutEngine(model: model, seed: seed, slots: 4).complete(
                [RolloutEngine.Prompt(tokens: [4, 5, 6], index: index)], samples: 3,
                options: .tiny(stopTokens: []), step: step)[0].map(\.tokens)
        }
        let all = try [tokens(), tokens(seed: 2), tokens(step: 2), tokens(index: 1)].flatMap(\.self)
        #expect(Set(all).count == 12)
        #expect(try tokens() == all.prefix(3).map(\.self))
    }

    @Test func `greedy decoding is the arg max of the full forward at every position`() throws {
        for seed: UInt64 in [1, 2, 3] {
            let model = try TinyModel.make(seed: seed, layers: 2, tied: seed == 2)
            let prompts = TinyModel.prompts(10, case: Int(seed))
            let greedy = try RolloutEngine(model: model, seed: 1, slots: 4).complete(
                prompts, samples: 2, options: .tiny(isGreedy: true), step: 0)
            for (prompt, group) in zip(prompts, greedy) {
                #expect(group[0].tokens == group[1].tokens)
                let tokens = prompt.tokens + group[0].tokens
                let logits = try withTorchErrors {
                    withoutGradient {
                        let layout = PackedLayout([.init(prompt: tokens.count)])
                        let hidden = model.hidden(Tensor(tokens.map(Int64.init)), layout: layout)
                        return hidden.matmul(model.headWeight.transposed(0, 1)).floats
                    }
                }
                for (offset, token) in group[0].tokens.enumerated() {
                    let position = prompt.tokens.count - 1 + offset
                    let row = logits[
                        (position * TinyModel.vocabularySize)..<((position + 1) * TinyModel.vocabularySize)]
                    let best = row.max() ?? 0
                    #expect(row[row.startIndex + Int(token)] >= best - 1e-5)
                }
            }
        }
    }

    @Test func `a stop token ends a completion and is its last token`() throws {
        let model = try TinyModel.make()
        let stops: Set<Int32> = [0, 3, 8, 9, 20]
        let completions = try RolloutEngine(model: model, seed: 4, slots: 6).complete(
            TinyModel.prompts(20), samples: 4, options: .tiny(maxNewTokens: 12, stopTokens: stops), step: 0
        ).flatMap(\.self)
        for completion in completions {
            #expect(completion.tokens.dropLast().allSatisfy { !stops.contains($0) })
            let endsInStop = completion.tokens.last.map(stops.contains) ?? false
            #expect(completion.stopReason == (endsInStop ? .stop : .length))
            #expect(endsInStop || completion.tokens.count == 12)
            for column in [
                completion.sampledLogprob, completion.entropy, completion.discriminant, completion.expectedDiscriminant,
            ] { #expect(column.count == completion.tokens.count) }
        }
        #expect(Set(completions.map(\.stopReason)) == [.stop, .length])
    }

    @Test func `a completion ends at the context, alone or beside a longer prompt`() throws {
        let model = try TinyModel.make()
        let context = TinyModel.contextLength
        let long = RolloutEngine.Prompt(tokens: [Int32](repeating: 5, count: context - 1), index: 0)
        let short = RolloutEngine.Prompt(tokens: [5, 6], index: 1)
        let options = SamplingOptions.tiny(maxNewTokens: 1_000, stopTokens: [])
        let both = try RolloutEngine(model: model, seed: 1).complete(
            [long, short], samples: 2, options: options, step: 0)
        // the last token is sampled from the last position and never read
        #expect(both[0].allSatisfy { $0.tokens.count == 2 && $0.stopReason == .length })
        #expect(both[1].allSatisfy { $0.tokens.count == context - 1 })
        let alone = try RolloutEngine(model: model, seed: 1).complete([short], samples: 2, options: options, step: 0)
        #expect(alone[0].map(\.tokens) == both[1].map(\.tokens))
        let endless = SamplingOptions.tiny(maxNewTokens: .max, stopTokens: [])
        let most = try RolloutEngine(model: model, seed: 1).complete([short], samples: 2, options: endless, step: 0)
        #expect(most[0].map(\.tokens) == both[1].map(\.tokens))
    }

    @Test func `progress counts to the total and nothing asked is nothing made`() throws {
        let model = try TinyModel.make()
        let engine = RolloutEngine(model: model, seed: 1, slots: 3)
        var seen: [Int] = []
        _ = try engine.complete(TinyModel.prompts(4), samples: 3, options: .tiny(), step: 0) { seen.append($0) }
        #expect(seen == seen.sorted())
        #expect(seen.last == 12)
        #expect(try engine.complete([], samples: 3, options: .tiny(), step: 0).isEmpty)
        #expect(try engine.complete(TinyModel.prompts(2), samples: 0, options: .tiny(), step: 0) == [[], []])
    }

    @Test func `a prompt that cannot be continued is refused in one sentence`() throws {
        let model = try TinyModel.make()
        let engine = RolloutEngine(model: model, seed: 1)
        func refusal(_ tokens: [Int32]) -> RolloutError? {
            do {
                _ = try engine.complete(
                    [.init(tokens: [1], index: 0), .init(tokens: tokens, index: 1)], samples: 1, options: .tiny(),
                    step: 0)
                return nil
            } catch { return error as? RolloutError }
        }
        let table: [([Int32], RolloutError.Code, String)] = [
            ([], .emptyPrompt, "prompt 1 has no tokens; a completion needs at least one to continue"),
            (
                [Int32](repeating: 1, count: 48), .promptTooLong,
                "prompt 1 has 48 tokens, the model's context holds 48; shorten it or drop it"
            ),
            (
                [1, 29], .unknownToken,
                "prompt 1 has token 29, the model's vocabulary ends at 28; tokenizer and model do not belong together"
            ),
            (
                [-1], .unknownToken,
                "prompt 1 has token -1, the model's vocabulary ends at 28; tokenizer and model do not belong together"
            ),
        ]
        for (tokens, code, sentence) in table {
            let error = refusal(tokens)
            #expect(error?.code == code)
            #expect(error?.description == sentence)
        }
    }
}
