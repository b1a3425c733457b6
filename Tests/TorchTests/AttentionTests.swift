// Attention of packed groups: what sharing a prompt must not change, at lengths beyond a tile and a block.

import Testing
import Torch
import Trajectories

@Suite struct AttentionTests {
    static let shapes: [(heads: Int, shared: Int, width: Int)] = [(2, 2, 16), (4, 2, 20), (7, 1, 64)]
    static let groups: [PackedLayout.Group] = [
        .init(prompt: 130, completions: [70, 1, 0, 150]), .init(prompt: 1, completions: [5]), .init(prompt: 200),
        .init(prompt: 33, completions: [97]), .init(prompt: 0, completions: [3]),
    ]

    /// Random queries, keys and values, and seeds for the output.
    struct Case {
        let q, k, v, seeds: Tensor
        let scale: Double
        var all: [Tensor] { [q, k, v, seeds] }

        init(_ shape: (heads: Int, shared: Int, width: Int), rows: Int) {
            var random = RandomSource(58, case: shape.heads)
            func make(_ heads: Int) -> Tensor {
                let extents = [rows, heads, shape.width]
                return Tensor(random.normals(extents.reduce(1, *)), shape: extents)
            }
            (q, k, v, seeds) = (make(shape.heads), make(shape.shared), make(shape.shared), make(shape.heads))
            scale = 1 / Double(shape.width).squareRoot()
            for tensor in [q, k, v] { tensor.requireGradient() }
        }

        /// The output and the gradients of q, k and v.
        func results(_ attention: (Tensor, Tensor, Tensor) -> Tensor) -> [[Float]] {
            let out = attention(q, k, v)
            return [out.floats] + gradients(of: [out], seeds: [seeds], by: [q, k, v]).map(\.floats)
        }
    }

    /// The largest difference of each result, relative to its largest number.
    func errors(_ found: [[Float]], _ expected: [[Float]]) -> [Float] {
        zip(found, expected).map { found, expected in
            let largest = expected.map(abs).max() ?? 0
            return found.count != expected.count || !found.allSatisfy(\.isFinite)
                ? .infinity : (zip(found, expected).map { abs($0 - $1) }.max() ?? 0) / largest
        }
    }

    @Test(arguments: shapes.indices)
    func `sharing a prompt gives the numbers of every sequence by itself, and their gradients`(index: Int) throws {
        let layout = PackedLayout(Self.groups)
        try withTorchErrors {
            let given = Case(Self.shapes[index], rows: layout.rowCount)
            // a prompt by itself, then each of its completions with a copy of the prompt, whose rows are left out again
            var alone: [PackedLayout.Group] = []
            var copied: [Int64] = []
            var kept: [Int64] = []
            var row: Int64 = 0
            for group in Self.groups {
                let prompt = row..<(row + Int64(group.prompt))
                alone.append(.init(prompt: group.prompt))
                kept += (0..<prompt.count).map { Int64(copied.count + $0) }
                copied += prompt
                row = prompt.upperBound
                for count in group.completions {
                    alone.append(.init(prompt: group.prompt + count))
                    copied += prompt
                    kept += (0..<count).map { Int64(copied.count + $0) }
                    copied += row..<(row + Int64(count))
                    row += Int64(count)
                }
            }
            let shared = given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: given.scale) }
            let unshared = given.results { q, k, v in
                q.rows(copied).attention(
                    keys: k.rows(copied), values: v.rows(copied), layout: PackedLayout(alone), scale: given.scale
                ).rows(kept)
            }
            let worst = errors(shared, unshared)
            #expect(worst.allSatisfy { $0 < 1e-5 }, "\(worst)")
        }
    }

    @Test(arguments: shapes.indices)
    func `the fused pass agrees with the operators for other devices in Double`(index: Int) throws {
        let layout = PackedLayout(Self.groups)
        try withTorchErrors {
            let given = Case(Self.shapes[index], rows: layout.rowCount)
            let fused = given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: given.scale) }
            let library = given.results { q, k, v in
                q.cast(to: .float64).attention(
                    keys: k.cast(to: .float64), values: v.cast(to: .float64), layout: layout, scale: given.scale
                ).cast(to: .float32)
            }
            let worst = errors(fused, library)
            #expect(worst.allSatisfy { $0 < 1e-5 }, "\(worst)")
        }
    }

    @Test func `the same threads give the same bits, more threads than heads no other numbers`() throws {
        let layout = PackedLayout([.init(prompt: 130, completions: [70, 150])])
        let before = Runtime.threads
        defer { try? Runtime.prepare(threads: before) }
        try Runtime.prepare(threads: 1)
        func results() throws -> [[Float]] {
            try withTorchErrors {
                let given = Case((heads: 3, shared: 1, width: 16), rows: layout.rowCount)
                return given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: given.scale) }
            }
        }
        let single = try results()
        for threads in [1, 2, 5] {
            try Runtime.prepare(threads: threads)
            let several = try results()
            #expect(try (0..<4).allSatisfy { _ in try results() == several })
            #expect(several[0] == single[0], "a row's output does not depend on how rows are shared out")
            #expect(errors(several, single).allSatisfy { $0 < 1e-6 })
        }
    }
}
