// Attention of packed groups by libtorch's variable-length operator, on the CPU: ragged groups, and what the operator is given.

import Testing
import Torch
import Trajectories

@Suite struct LibraryAttentionTests {
    /// No prompt, no completions, neither; completions without rows or of one; several groups of different shapes.
    static let ragged: [[PackedLayout.Group]] = [
        [.init(prompt: 0, completions: [3])], [.init(prompt: 0, completions: [1, 1])],
        [.init(prompt: 2, completions: [1, 1, 1])],
        [.init(prompt: 3, completions: [0, 0])], [.init(prompt: 0, completions: [2, 0, 1]), .init(prompt: 2)],
        [.init(prompt: 1, completions: [1]), .init(prompt: 0), .init(prompt: 2, completions: [3, 1])],
        [
            .init(prompt: 0, completions: [0, 2]), .init(prompt: 1, completions: [0, 1, 2]),
            .init(prompt: 1, completions: [1]),
        ],
    ]

    /// Widths below, at and beyond what the operator loads together.
    @Test(arguments: [(4, 2, 8), (3, 1, 5), (2, 2, 12)])
    func `ragged groups and their gradients follow the definition`(heads: Int, shared: Int, width: Int) throws {
        var random = RandomSource(60, case: width)
        for groups in Self.ragged {
            let layout = PackedLayout(groups)
            let exact = LayerReference.attention(
                seen: LayerReference.seen(groups), heads: heads, shared: shared, width: width, scale: 0.4)
            try withLibraryOperators {
                try GradientTests().expectRight(
                    "attention of \(groups.count) ragged groups, width \(width)", &random,
                    shapes: [heads, shared, shared].map { [layout.rowCount, $0, width] }, exact
                ) { $0[0].attention(keys: $0[1], values: $0[2], layout: layout, scale: 0.4) }
            }
        }
    }

    /// Segments around the multiples of 32 that the operator's log-sum-exps come in.
    static let long: [PackedLayout.Group] = [
        .init(prompt: 40, completions: [33, 1, 64, 32]), .init(prompt: 0, completions: [31, 0]), .init(prompt: 65),
        .init(prompt: 1, completions: [65]),
    ]

    @Test func `segments of any length follow the definition`() throws {
        let (heads, shared, width, scale) = (4, 2, 8, 0.6)
        let layout = PackedLayout(Self.long)
        try withTorchErrors {
            let given = AttentionTests.Case((heads, shared, width), rows: layout.rowCount)
            let found = withLibraryOperators {
                given.q.attention(keys: given.k, values: given.v, layout: layout, scale: scale).floats
            }
            let exact = LayerReference.attention(
                seen: LayerReference.seen(Self.long), heads: heads, shared: shared, width: width, scale: scale)(
                    [given.q, given.k, given.v].map { $0.floats.map(Double.init) })
            #expect(found.count == exact.count)
            #expect(zip(found, exact).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
    }

    @Test func `scores far apart leave no weight undefined`() throws {
        let layout = PackedLayout([.init(prompt: 2, completions: [2, 1])])
        try withTorchErrors {
            let given = AttentionTests.Case((2, 1, 8), rows: layout.rowCount)
            func results() -> [[Float]] {
                given.results { ($0 * 30).attention(keys: $1, values: $2, layout: layout, scale: 1) }
            }
            // scores up to some 300 are sums of eight products that are each rounded by up to 2^-16, in either route
            let worst = AttentionTests().errors(withLibraryOperators(results), results())
            #expect(worst.allSatisfy { $0 < 16 * 0x1p-16 }, "\(worst)")
        }
    }

    @Test func `bfloat16 rows are summed in float32`() throws {
        let layout = PackedLayout(Self.long)
        try withTorchErrors {
            let given = AttentionTests.Case((4, 2, 16), rows: layout.rowCount)
            func results(_ type: DType) -> [[Float]] {
                given.results { q, k, v in
                    let rounded = [q, k, v].map { $0.cast(to: .bfloat16).cast(to: type) }
                    return withLibraryOperators {
                        rounded[0].attention(keys: rounded[1], values: rounded[2], layout: layout, scale: given.scale)
                    }.cast(to: .float32)
                }
            }
            // a bfloat16 number is within 2^-9 of what it rounds; what is compared was rounded about four times on its way
            let worst = AttentionTests().errors(results(.bfloat16), results(.float32))
            #expect(worst.allSatisfy { $0 < 0x1p-7 }, "\(worst)")
        }
    }

    @Test func `the operator is given every row once and nothing beside them`() throws {
        let groups: [PackedLayout.Group] = [
            .init(prompt: 7, completions: [40, 1, 0, 3]), .init(prompt: 5), .init(prompt: 0, completions: [2]),
            .init(prompt: 9, completions: [1, 6]),
        ]
        let (heads, shared, width) = (4, 2, 8)
        let layout = PackedLayout(groups)
        let rows = layout.rowCount
        let ((), operators) = try withTorchErrors {
            let given = AttentionTests.Case((heads, shared, width), rows: rows)
            return try withLibraryOperators {
                try recordingOperators {
                    _ = given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: given.scale) }
                }
            }
        }
        func given(_ name: String) -> [[[Int]]] { operators.filter { $0.name == "aten::\(name)" }.map(\.shapes) }
        func shape(_ count: Int) -> [Int] { [1, count, heads, width] }
        // all rows over themselves, then rows of completions that have a prompt over the prompts that have completions
        let (completions, prompts) = (44 + 7, 7 + 9)
        #expect(
            given("_efficient_attention_forward") == [
                [shape(rows), shape(rows), shape(rows), [10], [10]],
                [shape(completions), shape(prompts), shape(prompts), [3], [3]],
            ])
        let backward = given("_efficient_attention_backward")
        #expect(backward.map { $0[0] } == [shape(rows), shape(completions)])
        #expect(backward.map { $0[2] } == [shape(rows), shape(prompts)])
        // whoever handles rows of a head's width handles at most all rows of all query heads
        let largest = operators.flatMap(\.shapes).filter { $0.last == width }.map { $0.reduce(1, *) }.max()
        #expect(largest == rows * heads * width)
    }

    @Test func `layers of a pass bring a layout to the device once`() throws {
        func copies(_ layouts: [PackedLayout]) throws -> Int {
            let ((), operators) = try withTorchErrors {
                try withLibraryOperators {
                    try recordingOperators {
                        for layout in layouts {
                            let given = AttentionTests.Case((2, 1, 8), rows: layout.rowCount)
                            _ = given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: 1) }
                        }
                    }
                }
            }
            // the rows of `one`, a host vector on the device: on the CPU a clone of so many integers
            return operators.filter { $0.name == "aten::clone" && $0.shapes == [[36]] }.count
        }
        let (one, other) = (PackedLayout([.init(prompt: 3, completions: [2, 4])]), PackedLayout([.init(prompt: 9)]))
        #expect(try copies([other, one, one, one]) == 1)
        #expect(try copies([other, one, other, one]) == 2)
    }

    @Test func `keys of another type than the queries are refused`() throws {
        let error = #expect(throws: TorchError.self) {
            try withTorchErrors {
                let given = AttentionTests.Case((2, 1, 8), rows: 3)
                _ = withLibraryOperators {
                    given.q.attention(
                        keys: given.k.cast(to: .float64), values: given.v, layout: PackedLayout([.init(prompt: 3)]),
                        scale: 1)
                }
            }
        }
        #expect(
            error?.message
                == "attention: attention of Float queries on cpu over Double keys on cpu and Float values on cpu")
    }
}
