// Logits against transformers, and cached decoding against the full forward pass.

import Foundation
import Models
import Testing
import Torch
import Trajectories

@Suite struct ParityTests {
    @Test(arguments: Fixture.all)
    func `logits are those of transformers`(fixture: Fixture) throws {
        let model = try ModelFolder.load(fixture.folder)
        for (ids, expected) in try fixture.references() {
            let worst = largestDifference(try model.logits(ids), expected)
            #expect(worst < 1e-4)
            print("\(fixture.name), T = \(ids.count): worst difference to transformers \(worst)")
        }
    }

    @Test(arguments: Fixture.others)
    func `greedy decoding appends what transformers appends`(fixture: Fixture) throws {
        let model = try ModelFolder.load(fixture.folder)
        for ((ids, _), expected) in zip(try fixture.references(), try fixture.greedy()) {
            let found = try withTorchErrors {
                withoutGradient {
                    let cache = KeyValueCache(config: model.config, slots: 1, length: expected.count + 1)
                    let prompt = ids.count - 1
                    let prefilled = model.prefill(
                        Tensor(Array(ids.dropLast())), layout: PackedLayout([.init(prompt: prompt)]))
                    cache.begin(slot: 0, after: KeyValuePrefix(prefilled, rows: 0..<prompt))
                    var tokens = Array(ids.suffix(1))
                    for _ in expected {
                        let hidden = model.decode(
                            tokens: tokens.suffix(1), positions: [Int64(prompt + tokens.count - 1)], slots: [0],
                            cache: cache)
                        let drawn = PolicyHeadKernels.sample(
                            hidden: hidden, weight: model.headWeight, temperature: 1, greedy: true, seed: 1,
                            counters: [0, 0, 0, 0])
                        tokens += drawn.tokens
                    }
                    return Array(tokens.dropFirst())
                }
            }
            #expect(found == expected)
        }
    }

    @Test(arguments: Fixture.all)
    func `a packed batch gives every sequence its own logits`(fixture: Fixture) throws {
        let model = try ModelFolder.load(fixture.folder)
        let references = try fixture.references()
        let layout = PackedLayout(references.map { .init(prompt: $0.ids.count) })
        let logits = try withTorchErrors {
            withoutGradient {
                model.hidden(Tensor(references.flatMap(\.ids)), layout: layout).linear(model.headWeight).floats
            }
        }
        #expect(largestDifference(logits, references.flatMap(\.logits)) < 1e-4)
    }

    /// Four sequences in slots of any order: prefixes of different lengths prefilled in one packed batch, then one token
    /// a step, sequences of different lengths leaving at different times.
    @Test(arguments: Fixture.all)
    func `decoding with a cache agrees with the full forward pass`(fixture: Fixture) throws {
        try decode(fixture) { _ in 1e-5 }
    }

    /// - Parameter bound: the greatest allowed difference, from the greatest |logit|.
    func decode(_ fixture: Fixture, within bound: (Double) -> Double) throws {
        let model = try ModelFolder.load(fixture.folder)
        var random = RandomSource(seed: 70, purpose: .testing)
        let vocabulary = model.config.vocabularySize
        let lengths = [17, 6, 23, 12]
        let prefixes = [5, 0, 9, 1]
        let slots: [Int64] = [3, 0, 4, 1]
        let sequences = lengths.map { length in (0..<length).map { _ in Int64(random.integer(below: vocabulary)) } }
        let full = try sequences.map { try model.logits($0) }
        let allowed = bound(Double(full.joined().map(abs).max() ?? 0))
        var worst = 0.0
        try withTorchErrors {
            withoutGradient {
                let cache = KeyValueCache(config: model.config, slots: 5, length: 24)
                // slots are used a second time, with what the first left in them
                for _ in 0..<2 {
                    let packed = zip(sequences, prefixes).flatMap { $0[..<$1] }
                    let prefilled = model.prefill(
                        Tensor(packed), layout: PackedLayout(prefixes.map { .init(prompt: $0) }))
                    var row = 0
                    for (index, prefix) in prefixes.enumerated() {
                        let rows = row..<(row + prefix)
                        cache.begin(
                            slot: Int(slots[index]),
                            after: rows.isEmpty ? nil : KeyValuePrefix(prefilled, rows: rows))
                        row += prefix
                    }
                    var positions = prefixes
                    while true {
                        let active = sequences.indices.filter { positions[$0] < lengths[$0] }
                        if active.isEmpty { break }
                        let hidden = model.decode(
                            tokens: active.map { sequences[$0][positions[$0]] },
                            positions: active.map { Int64(positions[$0]) }, slots: active.map { slots[$0] },
                            cache: cache)
                        let logits = hidden.linear(model.headWeight).floats
                        for (row, index) in active.enumerated() {
                            let found = Array(logits[(row * vocabulary)..<((row + 1) * vocabulary)])
                            let start = positions[index] * vocabulary
                            let difference = largestDifference(found, Array(full[index][start..<(start + vocabulary)]))
                            #expect(difference < allowed, "sequence \(index), position \(positions[index])")
                            worst = max(worst, difference)
                            positions[index] += 1
                        }
                    }
                }
            }
        }
        print("\(fixture.name): worst difference of cached decoding \(worst)")
    }

    @Test func `a decoding step does not depend on the slots beside it`() throws {
        let model = try ModelFolder.load(Fixture.all[1].folder)
        let prompt: [Int64] = [5, 9, 100, 3]
        func last(_ slots: [Int64]) throws -> [Float] {
            try withTorchErrors {
                withoutGradient {
                    let cache = KeyValueCache(config: model.config, slots: 8, length: 6)
                    var out = Tensor.zeros([0])
                    for (position, token) in prompt.enumerated() {
                        out = model.decode(
                            tokens: slots.map { $0 == slots[0] ? token : $0 + 20 },
                            positions: slots.map { _ in Int64(position) }, slots: slots, cache: cache)
                    }
                    return out.slice(0..<1).floats
                }
            }
        }
        let alone = try last([6])
        #expect(largestDifference(alone, try last([6, 1, 7, 0, 3])) < 1e-5)
    }

    @Test func `after a failed operator a model runs on to the error without a trap`() throws {
        let model = try ModelFolder.load(Fixture.all[0].folder)
        let error = #expect(throws: TorchError.self) {
            try withTorchErrors {
                let missing = Tensor.zeros([2]).reshaped([3])
                let layout = PackedLayout([.init(prompt: 3)])
                _ = model.hidden(missing, layout: layout)
                let cache = KeyValueCache(config: model.config, slots: 1, length: 4)
                cache.begin(slot: 0, after: KeyValuePrefix(model.prefill(missing, layout: layout), rows: 0..<2))
                let hidden = model.decode(tokens: [1], positions: [2], slots: [0], cache: cache)
                let drawn = PolicyHeadKernels.sample(
                    hidden: hidden, weight: model.headWeight, temperature: 1, greedy: false, seed: 1,
                    counters: [0, 0, 0, 0])
                #expect(TokenStatistics(drawn.statistics).count == 0)
            }
        }
        #expect(error?.message == "reshape: shape '[3]' is invalid for input of size 2")
    }

    @Test(arguments: [2, 4, 7, 11, 12].map { Fixture.all[$0] })
    func `every parameter has a gradient, and it is the slope of the loss`(fixture: Fixture) throws {
        let model = try ModelFolder.load(fixture.folder)
        let ids = try fixture.references()[0].ids
        var random = RandomSource(seed: 71, purpose: .testing)
        let seeds = (0..<(ids.count * model.config.vocabularySize)).map { _ in Float(random.normalPair().0) }
        func loss() throws -> Double {
            zip(try model.logits(ids), seeds).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let (found, tensors) = try withTorchErrors {
            let logits = model.hidden(Tensor(ids), layout: PackedLayout([.init(prompt: ids.count)]))
                .linear(model.headWeight)
            let tensors = model.parameters.map(\.tensor)
            return (
                gradients(of: [logits], seeds: [Tensor(seeds, shape: logits.shape)], by: tensors).map(\.floats), tensors
            )
        }
        for (index, parameter) in model.parameters.enumerated() {
            // along the gradient itself, so that the slope is its squared length
            let square = found[index].reduce(0) { $0 + Double($1) * Double($1) }
            #expect(square > 0, "\(parameter.name)")
            let step = 1e-3 / square.squareRoot()
            func moved(_ factor: Double) throws -> Double {
                let before = try withTorchErrors { tensors[index].detached().clone() }
                try withTorchErrors {
                    let change = Tensor(found[index], shape: parameter.tensor.shape) * factor
                    tensors[index].assign(before + change)
                }
                defer { try? withTorchErrors { tensors[index].assign(before) } }
                return try loss()
            }
            let slope = (try moved(step) - moved(-step)) / (2 * step)
            #expect(abs(slope - square) < 2e-2 * square, "\(parameter.name): slope \(slope), gradient \(square)")
        }
    }
}
