// A packed forward pass is every sequence's own: hidden states and gradients, at random shapes.

import Models
import Testing
import Torch
import Trajectories

@Suite struct PackedForwardTests {
    /// Groups of a prompt and completions, all random; completions may have one token or none.
    struct Batch {
        var prompts: [[Int64]] = []
        var completions: [[[Int64]]] = []

        init(case number: Int, longest: Int, vocabulary: Int) {
            var random = RandomSource(seed: 72, purpose: .testing, step: number)
            func tokens(_ count: Int) -> [Int64] { (0..<count).map { _ in Int64(random.integer(below: vocabulary)) } }
            for _ in 0..<(1 + random.integer(below: 3)) {
                prompts.append(tokens(1 + random.integer(below: number == 0 ? 1 : longest)))
                let samples = number == 1 ? 1 : random.integer(below: 5)
                completions.append((0..<samples).map { _ in tokens(random.integer(below: longest)) })
            }
        }

        var layout: PackedLayout {
            PackedLayout(
                zip(prompts, completions).map { .init(prompt: $0.count, completions: $1.map(\.count)) })
        }
        var ids: [Int64] { zip(prompts, completions).flatMap { $0 + $1.flatMap(\.self) } }

        /// Every prompt alone and every completion behind its prompt, each with the number of rows that are no copy.
        var sequences: [(ids: [Int64], own: Int)] {
            zip(prompts, completions).flatMap { prompt, own in
                [(prompt, prompt.count)] + own.map { (prompt + $0, $0.count) }
            }
        }

        func seeds(_ width: Int) -> [Float] {
            var random = RandomSource(seed: 73, purpose: .testing)
            return (0..<(layout.rowCount * width)).map { _ in Float(random.normalPair().0) }
        }
    }

    static func model(_ family: ModelFamily = .qwen2, heads: Int, shared: Int) throws -> any LanguageModel {
        try ModelFolder.initialise(
            ModelConfig(
                family: family, vocabularySize: 31, hiddenSize: 8 * heads, layers: 2, heads: heads,
                keyValueHeads: shared, intermediateSize: 24, contextLength: 512, tiesEmbeddings: true, stopTokens: [0]),
            seed: 4, deviation: 0.3)
    }

    @Test(
        arguments: [
            (.qwen2, 2, 2), (.qwen2, 4, 2), (.qwen2, 7, 1), (.qwen3, 4, 2), (.llama, 4, 1), (.gemma3, 4, 2),
        ] as [(ModelFamily, Int, Int)])
    func `hidden states and gradients are those of every sequence by itself`(
        family: ModelFamily, heads: Int, shared: Int
    ) throws {
        let model = try Self.model(family, heads: heads, shared: shared)
        let width = model.config.hiddenSize
        let tensors = model.parameters.map(\.tensor)
        for number in 0..<6 {
            let batch = Batch(case: number, longest: number == 5 ? 160 : 24, vocabulary: 31)
            let seeds = batch.seeds(width)
            try withTorchErrors {
                let packed = model.hidden(Tensor(batch.ids), layout: batch.layout)
                let found = gradients(of: [packed], seeds: [Tensor(seeds, shape: packed.shape)], by: tensors)
                var hidden: [Float] = []
                var sums = tensors.map { Tensor.zeros(like: $0) }
                for (ids, own) in batch.sequences where own > 0 {
                    let layout = PackedLayout([.init(prompt: ids.count)])
                    let rows = model.hidden(Tensor(ids), layout: layout).slice((ids.count - own)..<ids.count)
                    let part = Tensor(Array(seeds[hidden.count..<(hidden.count + own * width)]), shape: [own, width])
                    hidden += rows.floats
                    sums = zip(sums, gradients(of: [rows], seeds: [part], by: tensors)).map { $0 + $1 }
                }
                #expect(largestDifference(packed.floats, hidden) < 1e-5)
                for (index, parameter) in model.parameters.enumerated() {
                    let expected = sums[index].floats
                    let size = Double(expected.map(abs).max() ?? 0)
                    // a key's bias moves all scores of a row alike, so its gradient is 0 but for rounding
                    let floor = parameter.name.hasSuffix("k_proj.bias") ? 1e-3 : 0
                    let error = largestDifference(found[index].floats, expected)
                    #expect(error < 1e-5 * max(size, floor), "\(parameter.name): \(error) of \(size)")
                }
            }
        }
    }

    @Test func `the order of groups and of completions is irrelevant, and the same call gives the same bits`() throws {
        let model = try Self.model(heads: 4, shared: 2)
        let batch = Batch(case: 3, longest: 40, vocabulary: 31)
        var turned = batch
        turned.prompts.reverse()
        turned.completions = batch.completions.reversed().map { $0.reversed() }
        func rows(_ batch: Batch) throws -> [[[Float]]] {
            let values = try withTorchErrors {
                withoutGradient { model.hidden(Tensor(batch.ids), layout: batch.layout).floats }
            }
            var start = 0
            return zip(batch.prompts, batch.completions).map { prompt, completions in
                ([prompt.count] + completions.map(\.count)).map { count in
                    defer { start += count * model.config.hiddenSize }
                    return Array(values[start..<(start + count * model.config.hiddenSize)])
                }
            }
        }
        let first = try rows(batch)
        #expect(try rows(batch) == first)
        let back = try rows(turned).reversed().map { [$0[0]] + $0.dropFirst().reversed() }
        for (group, other) in zip(first, back) {
            for (segment, same) in zip(group, other) { #expect(largestDifference(segment, same) < 1e-5) }
        }
    }
}
