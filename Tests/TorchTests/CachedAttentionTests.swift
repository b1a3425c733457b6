// Attention of decoding against the same attention in Double, and what must not matter to a row.

import Testing
import Torch
import Trajectories

@Suite struct CachedAttentionTests {
    /// Random sequences; the first `prefix` positions of one have the keys and values of its group's prompt.
    struct Case {
        static let (heads, shared, width, scale) = (6, 2, 20, 0.25)
        /// The prefix and the length of each sequence.
        let sequences: [(prefix: Int, length: Int)]
        let q, k, v: [[Float]]

        init(prefixes: [Int], lengths: [Int]) {
            var random = RandomSource(59)
            sequences = zip(lengths.indices, lengths).map { (prefixes[$0 % prefixes.count], $1) }
            let prompts = prefixes.map { random.normals($0 * 2 * Self.shared * Self.width) }
            q = lengths.map { random.normals($0 * Self.heads * Self.width) }
            func rows(_ half: Int) -> [[Float]] {
                lengths.enumerated().map { index, length in
                    let prompt = prompts[index % prefixes.count]
                    let own = random.normals((length - prefixes[index % prefixes.count]) * Self.shared * Self.width)
                    return (half == 0 ? prompt.prefix(prompt.count / 2) : prompt.suffix(prompt.count / 2)) + own
                }
            }
            k = rows(0)
            v = rows(1)
        }

        private func rows(_ values: [Float], _ range: Range<Int>, heads: Int) -> Tensor {
            Tensor(
                Array(values[(range.lowerBound * heads * Self.width)..<(range.upperBound * heads * Self.width)]),
                shape: [range.count, heads, Self.width])
        }

        /// The last row's attention of every sequence in `order`, from a cache used once before, sequence i in slot i.
        func decoded(_ order: [Int], sharing: Bool) -> [[Float]] {
            let longest = sequences.map(\.length).max() ?? 0
            let cache = KeyValuePanels(slots: sequences.count, heads: Self.shared, length: longest, width: Self.width)
            var prefixes: [KeyValuePanels] = []
            var rows = CachedRows(slots: [], places: [], prefixes: [])
            var indexOfPrefix: [Int: Int64] = [:]
            for index in order {
                let (prefix, length) = sequences[index]
                let start = sharing ? prefix : 0
                if start > 0, indexOfPrefix[prefix] == nil {
                    indexOfPrefix[prefix] = Int64(prefixes.count)
                    prefixes.append(
                        KeyValuePanels(
                            keys: self.rows(k[index], 0..<prefix, heads: Self.shared),
                            values: self.rows(v[index], 0..<prefix, heads: Self.shared)))
                }
                // whatever the slot held before must not be seen
                let junk = Tensor(
                    [Float](repeating: 9, count: longest * Self.shared * Self.width),
                    shape: [longest, Self.shared, Self.width])
                let own = (
                    k: self.rows(k[index], start..<length, heads: Self.shared),
                    v: self.rows(v[index], start..<length, heads: Self.shared)
                )
                for (keys, values) in [(junk, junk), own] {
                    let count = keys.extent(0)
                    cache.append(
                        keys: keys, values: values, slots: [Int64](repeating: Int64(index), count: count),
                        places: (0..<count).map(Int64.init))
                }
                rows.slots.append(Int64(index))
                rows.places.append(Int64(length - start - 1))
                rows.prefixes.append(start > 0 ? indexOfPrefix[prefix] ?? -1 : -1)
            }
            let last = order.flatMap { q[$0].suffix(Self.heads * Self.width) }
            let out = Tensor(last, shape: [order.count, Self.heads, Self.width])
                .cachedAttention(cache, prefixes: prefixes, rows: rows, scale: Self.scale).floats
            let size = Self.heads * Self.width
            return out.count == order.count * size
                ? order.indices.map { Array(out[($0 * size)..<(($0 + 1) * size)]) } : []
        }
    }

    /// Prefixes below, at and beyond a panel, or none; more sequences of one prefix than a tile has rows.
    static let given = Case(prefixes: [5, 0, 33, 16], lengths: (0..<80).map { 34 + $0 % 23 })

    @Test(arguments: [true, false])
    func `a row is the last row of causal attention, with a shared prefix or without`(sharing: Bool) throws {
        let found = try withTorchErrors { Self.given.decoded(Array(Self.given.sequences.indices), sharing: sharing) }
        #expect(found.count == Self.given.sequences.count)
        for (index, row) in found.enumerated() {
            let exact = LayerReference.attention(
                seen: LayerReference.seen([.init(prompt: Self.given.sequences[index].length)]), heads: Case.heads,
                shared: Case.shared, width: Case.width, scale: Case.scale)(
                    [Self.given.q[index], Self.given.k[index], Self.given.v[index]].map { $0.map(Double.init) })
            #expect(zip(row, exact.suffix(row.count)).allSatisfy { abs(Double($0) - $1) < 1e-5 }, "sequence \(index)")
        }
    }

    @Test(arguments: [true, false])
    func `in bfloat16 keys, values and probabilities are rounded as training rounds them`(sharing: Bool) throws {
        let found = try withTorchErrors {
            withPrecision(.bfloat16) { Self.given.decoded(Array(Self.given.sequences.indices), sharing: sharing) }
        }
        let shape = (heads: Case.heads, shared: Case.shared, width: Case.width)
        for (index, row) in found.enumerated() where index % 7 == 0 {
            let inputs = [Self.given.q[index], Self.given.k[index], Self.given.v[index], Self.given.q[index]]
            let layout: [PackedLayout.Group] = [.init(prompt: Self.given.sequences[index].length)]
            func distance(_ round: @escaping (Double) -> Double) -> Double {
                let exact = AttentionPrecisionTests.Exact(
                    shape: shape, seen: LayerReference.seen(layout), scale: Case.scale, round: round)
                return FeedForwardTests().distance(row, Array(exact.results(inputs)[0].suffix(row.count)))
            }
            if Runtime.productKernel(.bfloat16) == "AMX tiles" {
                #expect(distance { Double(roundedToBFloat16(Float($0))) } < 1e-3, "sequence \(index)")
            }
            #expect(distance { $0 } < 1e-2, "sequence \(index)")
        }
    }

    @Test(arguments: ComputePrecision.allCases)
    func `a row's bits depend on that row alone`(precision: ComputePrecision) throws {
        func decoded(_ order: [Int]) throws -> [[Float]] {
            try withTorchErrors { withPrecision(precision) { Self.given.decoded(order, sharing: true) } }
        }
        let order = Array(Self.given.sequences.indices)
        let all = try decoded(order)
        #expect(try Array(decoded(order.reversed()).reversed()) == all)
        for index in [0, 1, 38, 79] { #expect(try decoded([index]) == [all[index]]) }
    }

    @Test func `a prefix of another precision is refused`() throws {
        let rows = Tensor([Float](repeating: 1, count: 8), shape: [1, 1, 8])
        let prefix = try withTorchErrors { withPrecision(.bfloat16) { KeyValuePanels(keys: rows, values: rows) } }
        let seen = CachedRows(slots: [0], places: [0], prefixes: [0])
        guard Runtime.productKernel(.bfloat16) == "AMX tiles" else { return }
        #expect(throws: TorchError.self) {
            try withTorchErrors {
                let cache = KeyValuePanels(slots: 1, heads: 1, length: 1, width: 8)
                _ = rows.cachedAttention(cache, prefixes: [prefix], rows: seen, scale: 1)
            }
        }
    }
}
