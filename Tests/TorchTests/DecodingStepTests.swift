// Decoding steps of fixed shape against attention in Double and the fused head: ragged prefixes, spare rows, slots used again; and what a
// graph of them relies on: the same operators whatever the rows are, at addresses that stay, none of which hands numbers to the host.

import Foundation
import Testing
import Trajectories

@testable import Torch

@Suite struct DecodingStepTests {
    /// Sequences in slots over prefixes in an arena, as the host knows them.
    struct Layout {
        let heads, shared, width: Int
        let slots = 6, length = 5, prefixLength = 70, prefixes = 3
        let step: DecodingStep
        let cache: StepCache
        /// Keys and values [places, K D] of every prefix, and of what each slot has.
        var prefix: [(keys: [[Float]], values: [[Float]])] = []
        var own: [(prefix: Int?, keys: [[Float]], values: [[Float]])]
        let scale = 0.3

        init(heads: Int, shared: Int, width: Int, rows: Int, vocabulary: Int = 50, isGreedy: Bool = false) {
            (self.heads, self.shared, self.width) = (heads, shared, width)
            let (places, prefixPlaces) = (slots * length + 1, prefixes * prefixLength)
            step = DecodingStep(
                .init(
                    rows: rows, heads: heads, keyValueHeads: shared, vocabulary: vocabulary, positions: 100,
                    places: places, prefixPlaces: prefixPlaces, isGreedy: isGreedy))
            cache = StepCache(places: places, prefixPlaces: prefixPlaces, heads: shared, width: width)
            own = Array(repeating: (nil, [], []), count: slots)
        }

        /// New prefixes in all cells, and empty slots that read them or none.
        mutating func start(_ random: inout RandomSource, lengths: [Int]) {
            prefix = lengths.map { length in
                let rows = (0..<2).map { _ in (0..<length).map { _ in random.normals(shared * width) } }
                return (rows[0], rows[1])
            }
            for (cell, rows) in prefix.enumerated() {
                func tensor(_ rows: [[Float]]) -> Tensor {
                    Tensor(rows.flatMap(\.self), shape: [rows.count, shared, width])
                }
                cache.store(keys: tensor(rows.keys), values: tensor(rows.values), at: cell * prefixLength)
            }
            own = own.map { _ in
                let cell = random.integer(below: prefixes + 1)
                return (cell == prefixes ? nil : cell, [], [])
            }
        }

        func row(_ slot: Int) -> DecodingRow {
            let (prefix, keys, _) = own[slot]
            let first = prefix.map { $0 * prefixLength } ?? 0
            return DecodingRow(
                token: slot, position: keys.count, own: slot * length..<slot * length + keys.count,
                prefix: first..<first + (prefix.map { self.prefix[$0].keys.count } ?? 0))
        }

        /// One step of some slots with random rows: what it gives, and attention in Double.
        mutating func advance(_ active: [Int], _ random: inout RandomSource) -> (found: [Float], exact: [Double]) {
            let n = step.shape.rows
            func rows(_ heads: Int) -> [[Float]] { (0..<n).map { _ in random.normals(heads * width, deviation: 1.5) } }
            let (q, k, v) = (rows(heads), rows(shared), rows(shared))
            for (row, slot) in active.enumerated() {
                own[slot].keys.append(k[row])
                own[slot].values.append(v[row])
            }
            step.send(active.map(row), seed: 1, counters: [UInt32](repeating: 0, count: 4 * active.count))
            _ = step.begin()
            func tensor(_ rows: [[Float]], _ heads: Int) -> Tensor {
                Tensor(rows.flatMap(\.self), shape: [n, heads, width])
            }
            let out = step.attention(
                tensor(q, heads), keys: tensor(k, shared), values: tensor(v, shared), cache: cache, scale: scale)
            let exact = active.enumerated().flatMap { row, slot in
                let seen = own[slot].prefix.map { prefix[$0] } ?? (keys: [], values: [])
                return attention(q[row], seen.keys + own[slot].keys, seen.values + own[slot].values)
            }
            return (Array(out.floats.prefix(exact.count)), exact)
        }

        private func attention(_ q: [Float], _ keys: [[Float]], _ values: [[Float]]) -> [Double] {
            (0..<heads).flatMap { head -> [Double] in
                let first = head / (heads / shared) * width
                func part(_ row: [Float]) -> [Double] { row[first..<first + width].map(Double.init) }
                let query = q[head * width..<(head + 1) * width].map(Double.init)
                let scores = keys.map { zip(query, part($0)).reduce(0) { $0 + $1.0 * $1.1 } * scale }
                let top = scores.max() ?? 0
                let weights = scores.map { exp($0 - top) }
                let sum = weights.reduce(0, +)
                return (0..<width).map { i in
                    zip(weights, values).reduce(0) { $0 + $1.0 * part($1.1)[i] } / sum
                }
            }
        }
    }

    /// Widths below, at and beyond what attention loads together; pieces of prefixes of 64, 16, 9 and 1 rows.
    @Test(arguments: [(1, 1, 5), (8, 2, 8), (7, 1, 20), (128, 2, 4)], [1, 4, 8])
    func `attention over ragged prefixes and slots follows the definition`(
        shape: (heads: Int, shared: Int, width: Int), rows: Int
    ) throws {
        var random = RandomSource(81, case: rows)
        try withTorchErrors {
            withLibraryOperators {
                var layout = Layout(heads: shape.heads, shared: shape.shared, width: shape.width, rows: rows)
                let addresses = layout.cache.addresses
                for round in 0..<(shape.heads > 50 ? 2 : 8) {
                    layout.start(&random, lengths: [1 + random.integer(below: 70), 70, 1 + round])
                    for _ in 0..<layout.length {
                        // any slots with room, in any order, that do not fill the step
                        let free = (0..<layout.slots).filter { layout.own[$0].keys.count < layout.length }
                        var active = free.filter { _ in random.uniform() < 0.7 }.prefix(rows)
                        if active.isEmpty { active = free.prefix(1) }
                        guard !active.isEmpty else { break }
                        let slots = random.uniform() < 0.5 ? Array(active) : active.reversed()
                        let (found, exact) = layout.advance(slots, &random)
                        #expect(found.count == exact.count && !exact.isEmpty)
                        #expect(zip(found, exact).allSatisfy { abs(Double($0) - $1) < 1e-5 })
                    }
                }
                #expect(layout.cache.addresses == addresses)
            }
        }
    }

    @Test func `rows write their own places, and spare ones the last`() throws {
        var random = RandomSource(82)
        try withTorchErrors {
            withLibraryOperators {
                var layout = Layout(heads: 4, shared: 2, width: 8, rows: 8)
                layout.start(&random, lengths: [3, 1, 9])
                for slots in [[4, 1], [1], [4, 0, 1]] {
                    let before = layout.cache.keys.floats
                    let written = Set(
                        slots.map { $0 * layout.length + layout.own[$0].keys.count } + [layout.slots * layout.length])
                    _ = layout.advance(slots, &random)
                    let after = layout.cache.keys.floats
                    let changed = Set(before.indices.filter { before[$0] != after[$0] }.map { $0 / 16 })
                    #expect(changed == written)
                    for slot in slots {
                        let place = (slot * layout.length + layout.own[slot].keys.count - 1) * 16
                        #expect(Array(after[place..<place + 16]) == layout.own[slot].keys.last)
                    }
                }
            }
        }
    }

    @Test(arguments: ComputePrecision.allCases, [false, true])
    func `draws and statistics are those of the device's other route`(precision: ComputePrecision, isGreedy: Bool)
        throws
    {
        var random = RandomSource(83)
        // two tiles and a rest
        let (vocabulary, size) = (4_200, 12)
        try withTorchErrors {
            withLibraryOperators {
                withPrecision(precision) {
                    let weight = Tensor(random.normals(vocabulary * size), shape: [vocabulary, size])
                    var layout = Layout(
                        heads: 1, shared: 1, width: 8, rows: 16, vocabulary: vocabulary, isGreedy: isGreedy)
                    layout.start(&random, lengths: [1, 1, 1])
                    for count in [6, 1, 5] {
                        for slot in 0..<count { layout.own[slot].keys.append([]) }
                        let hidden = Tensor(random.normals(16 * size), shape: [16, size])
                        let counters = (0..<4 * count).map { _ in UInt32(random.integer(below: 1 << 30)) }
                        layout.step.send((0..<count).map(layout.row), seed: 77, counters: counters)
                        _ = layout.step.begin()
                        layout.step.draw(hidden: hidden, weight: weight, temperature: 0.7)
                        let found = layout.step.results(count)
                        let other = PolicyHeadKernels.sample(
                            hidden: hidden.slice(0..<count), weight: weight, temperature: 0.7, greedy: isGreedy,
                            seed: 77, counters: counters)
                        #expect(found.tokens == other.tokens && found.tokens.count == count)
                        let worst = zip(found.statistics.floats, other.statistics.floats)
                            .map { abs($0 - $1) / max(1, abs($1)) }.max()
                        #expect((worst ?? 1) < 1e-5 && found.statistics.shape == [9, count])
                    }
                }
            }
        }
    }

    @Test func `a row that no token can be sampled from is refused, and a spare one is not looked at`() throws {
        func results(_ poisoned: Int) throws -> Int {
            try withTorchErrors {
                withLibraryOperators {
                    var layout = Layout(heads: 1, shared: 1, width: 8, rows: 4)
                    layout.prefix = [([], []), ([], []), ([], [])]
                    for slot in 0..<2 { layout.own[slot].keys.append([]) }
                    var hidden = [Float](repeating: 1, count: 4)
                    hidden[poisoned] = .nan
                    layout.step.send((0..<2).map(layout.row), seed: 1, counters: [UInt32](repeating: 0, count: 8))
                    _ = layout.step.begin()
                    layout.step.draw(
                        hidden: Tensor(hidden, shape: [4, 1]),
                        weight: Tensor([Float](repeating: 1, count: 50), shape: [50, 1]),
                        temperature: 1)
                    return layout.step.results(2).tokens.count
                }
            }
        }
        #expect(try results(3) == 2)
        let error = #expect(throws: TorchError.self) { try results(1) }
        #expect(error?.message == "sampling: the logits of row 1 are not finite: no token can be sampled from them")
    }

    @Test func `rows outside the shape are refused before anything is sent`() throws {
        func message(_ change: (inout DecodingRow) -> Void, rows: Int = 1) -> String? {
            let error = #expect(throws: TorchError.self) {
                try withTorchErrors {
                    withLibraryOperators {
                        let layout = Layout(heads: 1, shared: 1, width: 8, rows: 2)
                        var row = DecodingRow(token: 49, position: 99, own: 0..<31, prefix: 0..<210)
                        change(&row)
                        layout.step.send(
                            Array(repeating: row, count: rows), seed: 1,
                            counters: [UInt32](repeating: 0, count: 4 * rows))
                    }
                }
            }
            return error?.message
        }
        let wrong: [(inout DecodingRow) -> Void] = [
            { $0.token = 50 }, { $0.token = -1 }, { $0.position = 100 }, { $0.own = 1..<32 }, { $0.own = 3..<3 },
            { $0.own = -1..<2 }, { $0.prefix = 1..<211 }, { $0.prefix = -2..<1 },
        ]
        for change in wrong {
            #expect(
                message(change)?.contains(
                    "lies outside a vocabulary of 50, 100 positions, 31 places or 210 of prefixes") == true)
        }
        #expect(message({ _ in }, rows: 3) == "decoding step: a decoding step of 3 rows where 2 have room")
        // and what lies just inside is not
        try withTorchErrors {
            withLibraryOperators {
                let row = DecodingRow(token: 49, position: 99, own: 0..<31, prefix: 0..<210)
                Layout(heads: 1, shared: 1, width: 8, rows: 2).step.send([row], seed: 1, counters: [0, 0, 0, 0])
            }
        }
    }

    @Test func `a graph where no device is, is refused in a sentence`() throws {
        #expect(GraphCapture.ofDevice == nil)
        #expect(Runtime.graphSupport(on: .cpu) == "operator by operator")
        guard Runtime.cudaDevices == 0 else { return }
        #expect(Runtime.graphSupport(on: .cuda) == "none: no CUDA device")
        let error = #expect(throws: TorchError.self) { _ = try DeviceGraph(beside: nil) {} }
        #expect(error?.message == "capture a graph: none: no CUDA device")
        #expect(error?.code == .unsupported)
        #expect(throws: TorchError.self) { try withTorchErrors { DeviceGraph.warm {} } }
    }
}
