// Attention with rounded operands: against its definition in Double with the same operands rounded, and against no rounding at all.

import Foundation
import Testing
import Torch
import Trajectories

@Suite struct AttentionPrecisionTests {
    /// Attention of packed groups in Double; `round` is applied to every operand of a product.
    struct Exact {
        let shape: (heads: Int, shared: Int, width: Int)
        let seen: [[Int]]
        let scale: Double
        let round: (Double) -> Double

        /// The output and the gradients of q, k and v, given them and the output's.
        func results(_ given: [[Float]]) -> [[Double]] {
            let inputs = given.map { $0.map(Double.init) }
            let (q, k, v, seeds) = (inputs[0], inputs[1], inputs[2], inputs[3])
            let rounded = [q, k, v, seeds].map { $0.map(round) }
            var (out, dq) = (q.map { _ in 0.0 }, q.map { _ in 0.0 })
            var (dk, dv) = (k.map { _ in 0.0 }, k.map { _ in 0.0 })
            for row in seen.indices {
                for head in 0..<shape.heads {
                    let at = (row * shape.heads + head) * shape.width
                    let places = seen[row].map { ($0 * shape.shared + head * shape.shared / shape.heads) * shape.width }
                    let scores = places.map { scale * dot(rounded[0], at, rounded[1], $0) }
                    let top = scores.max() ?? 0
                    let weights = scores.map { exp($0 - top) }
                    let mass = weights.reduce(0, +)
                    for (weight, place) in zip(weights, places) {
                        add(round(weight) / mass, rounded[2], place, &out, at)
                    }
                    let pull = dot(seeds, at, out, at)
                    for (weight, place) in zip(weights, places) {
                        let p = weight / mass
                        let ds = round(scale * p * (dot(rounded[3], at, rounded[2], place) - pull))
                        add(round(p), rounded[3], at, &dv, place)
                        add(ds, rounded[1], place, &dq, at)
                        add(ds, rounded[0], at, &dk, place)
                    }
                }
            }
            return [out, dq, dk, dv]
        }

        private func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double {
            (0..<shape.width).reduce(0) { $0 + a[i + $1] * b[j + $1] }
        }

        private func add(_ factor: Double, _ from: [Double], _ i: Int, _ to: inout [Double], _ j: Int) {
            for d in 0..<shape.width { to[j + d] += factor * from[i + d] }
        }
    }

    static let names = ["out", "dq", "dk", "dv"]
    static let groups: [PackedLayout.Group] = [
        .init(prompt: 40, completions: [70, 1, 0, 32, 33]), .init(prompt: 0, completions: [5]), .init(prompt: 97),
        .init(prompt: 1, completions: [64]),
    ]

    /// What was found in a precision, and what Double gives with operands rounded so.
    func compared(
        _ index: Int, _ precision: ComputePrecision, _ round: @escaping (Double) -> Double
    ) throws -> [Double] {
        let shape = AttentionTests.shapes[index]
        let layout = PackedLayout(Self.groups)
        return try withTorchErrors {
            let given = AttentionTests.Case(shape, rows: layout.rowCount)
            let found = withPrecision(precision) {
                given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: given.scale) }
            }
            let exact = Exact(shape: shape, seen: LayerReference.seen(Self.groups), scale: given.scale, round: round)
            return zip(found, exact.results(given.all.map(\.floats))).map(FeedForwardTests().distance)
        }
    }

    @Test(arguments: AttentionTests.shapes.indices)
    func `in bfloat16 only the operands are rounded`(index: Int) throws {
        if Runtime.productKernel(.bfloat16) == "AMX tiles" {
            let distances = try compared(index, .bfloat16) { Double(roundedToBFloat16(Float($0))) }
            // a float32 number may round to the other side of a tie than the Double one
            #expect(distances.allSatisfy { $0 < 1e-3 }, "\(Self.names) \(distances)")
        }
        let distances = try compared(index, .bfloat16) { $0 }
        #expect(distances.allSatisfy { $0 < 1e-2 }, "\(Self.names) \(distances)")
    }

    @Test(arguments: AttentionTests.shapes.indices)
    func `in two bfloat16 parts it is nearly float32`(index: Int) throws {
        let distances = try compared(index, .bfloat16x3) { $0 }
        #expect(distances.allSatisfy { $0 < 2e-5 }, "\(Self.names) \(distances)")
    }

    @Test func `the same threads give the same bits, in every precision`() throws {
        let layout = PackedLayout([.init(prompt: 130, completions: [70, 150])])
        let before = Runtime.threads
        defer { try? Runtime.prepare(threads: before) }
        for precision in ComputePrecision.allCases {
            func results() throws -> [[Float]] {
                try withTorchErrors {
                    withPrecision(precision) {
                        let given = AttentionTests.Case((heads: 3, shared: 1, width: 16), rows: layout.rowCount)
                        return given.results { $0.attention(keys: $1, values: $2, layout: layout, scale: given.scale) }
                    }
                }
            }
            try Runtime.prepare(threads: 1)
            let single = try results()
            for threads in [2, 5] {
                try Runtime.prepare(threads: threads)
                let several = try results()
                #expect(try results() == several)
                #expect(several[0] == single[0], "a row's output does not depend on how rows are shared out")
                #expect(AttentionTests().errors(several, single).allSatisfy { $0 < 1e-6 })
            }
        }
    }
}
