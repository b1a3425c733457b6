// The feed-forward layer and the three projections: against their definition in Double, and against the layers they are made of.

import Foundation
import Testing
import Torch
import Trajectories

@Suite struct FeedForwardTests {
    /// One layer's values, and an upstream gradient.
    struct Case {
        var rows, width, inner: Int
        var x, gate, up, down, residual, seeds: [Float]

        init(_ rows: Int, _ width: Int, _ inner: Int) {
            (self.rows, self.width, self.inner) = (rows, width, inner)
            var random = RandomSource(82, case: rows * 31 + inner)
            x = random.normals(rows * width)
            let scale = 1 / Float(width).squareRoot()
            gate = random.normals(inner * width).map { $0 * scale * 2 }
            up = random.normals(inner * width).map { $0 * scale }
            down = random.normals(width * inner).map { $0 / Float(inner).squareRoot() }
            residual = random.normals(rows * width)
            seeds = random.normals(rows * width)
        }

        var tensors: [Tensor] {
            [
                Tensor(x, shape: [rows, width]), Tensor(gate, shape: [inner, width]),
                Tensor(up, shape: [inner, width]),
                Tensor(down, shape: [width, inner]), Tensor(residual, shape: [rows, width]),
            ]
        }

        /// Output and gradients by x, gate, up, down, residual.
        func found() -> [[Float]] {
            let inputs = tensors
            for tensor in inputs { tensor.requireGradient() }
            let y = inputs[0].feedForward(gate: inputs[1], up: inputs[2], down: inputs[3], residual: inputs[4])
            return [y.floats]
                + gradients(of: [y], seeds: [Tensor(seeds, shape: [rows, width])], by: inputs).map(\.floats)
        }

        /// The same in Double; every operand of a product is rounded by `round` first, and so are gate and up.
        func expected(_ round: @escaping (Double) -> Double) -> [[Double]] {
            let n = { (values: [Float]) in values.map { round(Double($0)) } }
            let (x, wg, wu, wd, dy) = (n(x), n(gate), n(up), n(down), n(seeds))
            let g = product(x, wg, rows, width, inner).map(round)
            let u = product(x, wu, rows, width, inner).map(round)
            let s = g.map { 1 / (1 + exp(-$0)) }
            let h = zip(zip(g, s), u).map { round($0.0 * $0.1 * $1) }
            let y = zip(product(h, wd, rows, inner, width), residual).map { $0 + Double($1) }
            let dh = product(dy, transposed(wd, width, inner), rows, width, inner)
            let du = (0..<dh.count).map { round(dh[$0] * g[$0] * s[$0]) }
            let dg = (0..<dh.count).map { round(dh[$0] * u[$0] * (s[$0] + g[$0] * s[$0] * (1 - s[$0]))) }
            let byGate = product(dg, transposed(wg, inner, width), rows, inner, width)
            let byUp = product(du, transposed(wu, inner, width), rows, inner, width)
            let xT = transposed(x, rows, width)
            return [
                y, zip(byGate, byUp).map(+), product(transposed(dg, rows, inner), xT, inner, rows, width),
                product(transposed(du, rows, inner), xT, inner, rows, width),
                product(transposed(dy, rows, width), transposed(h, rows, inner), width, rows, inner),
                seeds.map(Double.init),
            ]
        }

        /// a [rows, depth] · b [columns, depth]^T.
        private func product(_ a: [Double], _ b: [Double], _ rows: Int, _ depth: Int, _ columns: Int) -> [Double] {
            (0..<(rows * columns)).map { place in
                let (row, column) = (place / columns * depth, place % columns * depth)
                return (0..<depth).reduce(0) { $0 + a[row + $1] * b[column + $1] }
            }
        }

        private func transposed(_ a: [Double], _ rows: Int, _ columns: Int) -> [Double] {
            (0..<(rows * columns)).map { a[$0 % rows * columns + $0 / rows] }
        }
    }

    /// |found − exact| / |exact| in the Euclidean norm.
    func distance(_ found: [Float], _ exact: [Double]) -> Double {
        guard found.count == exact.count, found.allSatisfy(\.isFinite) else { return .infinity }
        let difference = zip(found, exact).reduce(0) { $0 + pow(Double($1.0) - $1.1, 2) }
        return (difference / exact.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }

    static let shapes = [
        [1, 8, 24], [7, 32, 40], [64, 48, 100], [33, 16, 300], [200, 64, 272], [513, 24, 56], [37, 8, 4100],
    ]
    static let names = ["y", "dx", "dgate", "dup", "ddown", "dresidual"]

    @Test(arguments: shapes) func `in float32 it is the composition of its layers`(shape: [Int]) throws {
        let layer = Case(shape[0], shape[1], shape[2])
        let found = try withTorchErrors { layer.found() }
        for (index, exact) in layer.expected({ $0 }).enumerated() {
            #expect(distance(found[index], exact) < 2e-6, "\(Self.names[index]) of \(shape)")
        }
    }

    @Test(arguments: shapes) func `in bfloat16 only the operands are rounded`(shape: [Int]) throws {
        let layer = Case(shape[0], shape[1], shape[2])
        let found = try withTorchErrors { withPrecision(.bfloat16) { layer.found() } }
        let rounded = layer.expected { Double(roundedToBFloat16(Float($0))) }
        let isFused = Runtime.productKernel(.bfloat16) != "BLAS on rounded operands, no faster than float32"
        for index in found.indices {
            // a float32 sum may round to the other side of a tie than the Double one, which moves one term by 2^-8
            if isFused { #expect(distance(found[index], rounded[index]) < 1e-3, "\(Self.names[index]) of \(shape)") }
            #expect(distance(found[index], layer.expected { $0 }[index]) < 1.5e-2, "\(Self.names[index]) of \(shape)")
        }
    }

    @Test(arguments: shapes) func `in two bfloat16 parts it is nearly float32`(shape: [Int]) throws {
        let layer = Case(shape[0], shape[1], shape[2])
        let found = try withTorchErrors { withPrecision(.bfloat16x3) { layer.found() } }
        for (index, exact) in layer.expected({ $0 }).enumerated() {
            #expect(distance(found[index], exact) < 1.5e-5, "\(Self.names[index]) of \(shape)")
        }
    }

    @Test func `a row does not depend on the rows beside it`() throws {
        let layer = Case(600, 40, 200)
        try withTorchErrors {
            for precision in ComputePrecision.allCases {
                let all = withPrecision(precision) { withoutGradient { value(layer, 0..<600) } }
                for rows in [0..<1, 5..<9, 90..<170, 100..<600] {
                    let part = withPrecision(precision) { withoutGradient { value(layer, rows) } }
                    if precision != .float32 {
                        #expect(part == Array(all[(rows.lowerBound * 40)..<(rows.upperBound * 40)]), "rows \(rows)")
                    }
                }
            }
        }
    }

    private func value(_ layer: Case, _ rows: Range<Int>) -> [Float] {
        let all = layer.tensors
        let ids = rows.map(Int64.init)
        return all[0].rows(ids).feedForward(gate: all[1], up: all[2], down: all[3], residual: all[4].rows(ids)).floats
    }

    @Test func `shapes that do not fit are refused`() {
        #expect(throws: TorchError.self) {
            try withTorchErrors {
                Tensor.zeros([2, 4]).feedForward(
                    gate: .zeros([8, 4]), up: .zeros([8, 4]), down: .zeros([8, 4]), residual: .zeros([2, 4]))
            }
        }
    }

    @Test(arguments: ComputePrecision.allCases, [true, false])
    func `projections are three linear layers`(precision: ComputePrecision, hasBias: Bool) throws {
        let (rows, width, outputs) = (150, 48, [64, 24, 40])
        var random = RandomSource(83)
        let x = Tensor(random.normals(rows * width), shape: [rows, width])
        let layers = outputs.map { count in
            (
                weight: Tensor(random.normals(count * width), shape: [count, width]),
                bias: hasBias ? Tensor(random.normals(count)) : nil
            )
        }
        let seeds = outputs.map { Tensor(random.normals(rows * $0), shape: [rows, $0]) }
        let inputs = [x] + layers.flatMap { [$0.weight, $0.bias].compactMap { $0 } }
        for input in inputs { input.requireGradient() }
        try withTorchErrors {
            withPrecision(precision) {
                let joint = x.projections(layers[0], layers[1], layers[2])
                let together = [joint.query, joint.key, joint.value]
                let single = layers.map { x.linear($0.weight, bias: $0.bias) }
                for (a, b) in zip(together, single) { #expect(a.floats == b.floats) }
                let first = gradients(of: together, seeds: seeds, by: inputs).map(\.floats)
                let second = gradients(of: single, seeds: seeds, by: inputs, retainGraph: true).map(\.floats)
                for index in 1..<inputs.count { #expect(first[index] == second[index]) }
                // x's gradient is a sum of three, in another order
                #expect(distance(first[0], second[0].map(Double.init)) < 1e-6)
                // one output alone
                let keyOnly = gradients(
                    of: [x.projections(layers[0], layers[1], layers[2]).key], seeds: [seeds[1]], by: [x])
                #expect(
                    distance(
                        keyOnly[0].floats,
                        gradients(of: [single[1]], seeds: [seeds[1]], by: [x])[0].floats.map(Double.init)) < 1e-6)
            }
        }
    }
}
