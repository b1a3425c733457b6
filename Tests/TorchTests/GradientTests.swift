// Every layer and its gradient against the same layer in Double and its central differences.

import Foundation
import Testing
import Torch
import Trajectories

@Suite struct GradientTests {
    /// Compares forward and gradient; inputs are drawn from `random` with the given shapes.
    func expectRight(
        _ name: String, _ random: inout RandomSource, shapes: [[Int]], _ exact: LayerFunction,
        tolerance: Double = 2e-5, _ layer: ([Tensor]) -> Tensor
    ) throws {
        let input = shapes.map { random.normals($0.reduce(1, *)) }
        let wide = input.map { $0.map(Double.init) }
        let expected = exact(wide)
        let seeds = random.normals(expected.count)
        let slopes = differences(exact, wide, seeds: seeds.map(Double.init))
        try withTorchErrors {
            let tensors = zip(input, shapes).map { Tensor($0, shape: $1) }
            for tensor in tensors { tensor.requireGradient() }
            let out = layer(tensors)
            #expect(out.count == expected.count)
            let found = gradients(of: [out], seeds: [Tensor(seeds, shape: out.shape)], by: tensors)
            var worst = zip(out.floats, expected).reduce(0.0) { max($0, abs(Double($1.0) - $1.1)) }
            #expect(worst < tolerance, "\(name) forward: \(worst)")
            for (which, gradient) in found.enumerated() {
                #expect(gradient.shape == shapes[which])
                let error = zip(gradient.floats, slopes[which]).reduce(0.0) { max($0, abs(Double($1.0) - $1.1)) }
                #expect(error < tolerance, "\(name), gradient of input \(which): \(error)")
                worst = max(worst, error)
            }
            print("\(name): worst absolute error \(worst)")
        }
    }

    @Test(arguments: [1, 2, 16, 20, 67])
    func `RMSNorm of any width`(width: Int) throws {
        var random = RandomSource(50, case: width)
        try expectRight(
            "RMSNorm \(width)", &random, shapes: [[2, 19, width], [width]],
            LayerReference.rmsNorm(width: width, epsilon: 1e-2)
        ) { $0[0].rmsNorm($0[1], epsilon: 1e-2) }
    }

    @Test func `RMSNorm of views with gaps`() throws {
        var random = RandomSource(51)
        let exact: LayerFunction = { input in
            let transposed = (0..<30).map { input[0][($0 % 5) * 6 + $0 / 5] }
            return LayerReference.rmsNorm(width: 5, epsilon: 1e-3)([transposed, input[1]])
        }
        try expectRight("RMSNorm of views", &random, shapes: [[5, 6], [5, 1]], exact) { input in
            // the weight is the first column of a wider matrix: its elements lie apart
            let wide = input[1].matmul(Tensor([1, 0, 0] as [Float], shape: [1, 3]))
            return input[0].transposed(0, 1).rmsNorm(wide.slice(0..<1, axis: 1).reshaped([5]), epsilon: 1e-3)
        }
    }

    @Test(arguments: [[1], [3, 5], [7, 33]])
    func `SwiGLU`(shape: [Int]) throws {
        var random = RandomSource(52, case: shape.count)
        try expectRight("SwiGLU", &random, shapes: [shape, shape], LayerReference.swiglu) { $0[0].swiglu($0[1]) }
    }

    @Test func `SwiGLU saturates without overflow`() throws {
        let gate: [Float] = [-1e4, -100, -20, 0, 20, 100, 1e4]
        try withTorchErrors {
            let input = Tensor(gate)
            input.requireGradient()
            let out = input.swiglu(Tensor([Float](repeating: 1, count: 7)))
            let slope = gradients(of: [out], seeds: [Tensor([Float](repeating: 1, count: 7))], by: [input])[0].floats
            for (index, x) in gate.map(Double.init).enumerated() {
                let s = 1 / (1 + exp(-x))
                #expect(abs(Double(out.floats[index]) - x * s) <= 1e-6 * max(abs(x * s), 1e-3))
                #expect(abs(Double(slope[index]) - s * (1 + x * (1 - s))) < 1e-6)
            }
        }
    }

    @Test func `rotary embedding, with angles per position and per sequence`() throws {
        var random = RandomSource(53)
        for angleShape in [[3, 4], [2, 3, 4]] {
            let angles = random.normals(angleShape.reduce(1, *)).map(Double.init)
            let (cosine, sine) = (angles.map { Float(cos($0)) }, angles.map { Float(sin($0)) })
            try expectRight(
                "rotary \(angleShape)", &random, shapes: [[2, 3, 5, 8]],
                LayerReference.rotary(heads: 5, half: 4, cosine: cosine.map(Double.init), sine: sine.map(Double.init))
            ) {
                $0[0].rotary(cosine: Tensor(cosine, shape: angleShape), sine: Tensor(sine, shape: angleShape))
            }
        }
    }

    @Test(arguments: [(3, 3), (4, 2), (7, 1), (14, 2), (1, 1)])
    func `attention of groups with shared key heads`(heads: Int, shared: Int) throws {
        var random = RandomSource(54, case: heads)
        let layouts: [[PackedLayout.Group]] = [
            [.init(prompt: 1)], [.init(prompt: 6), .init(prompt: 2)],
            [.init(prompt: 3, completions: [2, 0, 1]), .init(prompt: 1, completions: [4]), .init(prompt: 2)],
        ]
        for groups in layouts {
            let layout = PackedLayout(groups)
            try expectRight(
                "attention \(heads)/\(shared), N = \(layout.rowCount)", &random,
                shapes: [heads, shared, shared].map { [layout.rowCount, $0, 4] },
                LayerReference.attention(
                    seen: LayerReference.seen(groups), heads: heads, shared: shared, width: 4, scale: 0.5)
            ) { $0[0].attention(keys: $0[1], values: $0[2], layout: layout, scale: 0.5) }
        }
    }

    @Test func `linear with and without bias`() throws {
        var random = RandomSource(56)
        let exact = LayerReference.linear(rows: 6, inner: 5, outer: 3)
        try expectRight("linear", &random, shapes: [[2, 3, 5], [3, 5]], exact) { $0[0].linear($0[1]) }
        try expectRight("linear with bias", &random, shapes: [[6, 5], [3, 5], [3]], exact) {
            $0[0].linear($0[1], bias: $0[2])
        }
    }

    @Test func `an embedding adds up the rows that occur twice`() throws {
        var random = RandomSource(57)
        let ids: [Int64] = [3, 0, 3, 6, 3, 1]
        try expectRight("embedding", &random, shapes: [[7, 4]], LayerReference.embedding(ids: ids, width: 4)) {
            $0[0].embedding(Tensor(ids, shape: [2, 3]))
        }
    }

    @Test func `a graph is kept when asked and gone when not`() throws {
        try withTorchErrors {
            let x = Tensor([2, 3] as [Float])
            let unused = Tensor([1] as [Float])
            x.requireGradient()
            unused.requireGradient()
            let seeds = [Tensor([1, 10] as [Float])]
            let y = (x * x).exp() * 1e-3
            let first = gradients(of: [y], seeds: seeds, by: [x, unused], retainGraph: true)
            let second = gradients(of: [y], seeds: seeds, by: [x, unused])
            #expect(first[0].floats == second[0].floats)
            #expect(abs(first[0].floats[0] - 4e-3 * exp(Float(4))) < 1e-5)
            #expect(first[1].floats == [0], "an input that no output depends on has the gradient zero")
            let error = #expect(throws: TorchError.self) {
                try withTorchErrors { gradients(of: [y], seeds: seeds, by: [x]) }
            }
            #expect(error?.message.contains("backward through the graph a second time") == true)
        }
    }

    @Test func `several outputs add up, and seeds weigh them`() throws {
        try withTorchErrors {
            let x = Tensor([2, 3] as [Float])
            x.requireGradient()
            let one = Tensor([1, 1] as [Float])
            let found = gradients(of: [x * x, x * 5], seeds: [one * 0.5, one * -2], by: [x])
            #expect(found[0].floats == [2 - 10, 3 - 10])
        }
    }
}
