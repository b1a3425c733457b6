// Products of linear layers at both precisions, on this machine's kernels and on BLAS, against sums in Double.

import Foundation
import Testing
import Torch
import Trajectories

/// The float32 value that bfloat16 rounds `x` to: ties to even.
func roundedToBFloat16(_ x: Float) -> Float {
    let bits = x.bitPattern
    return Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
}

@Suite struct ProductTests {
    /// The ways a product can take.
    enum Way: CaseIterable {
        case float32, bfloat16x3, bfloat16, float32ByLibrary, bfloat16ByLibrary, float32ByOperators, bfloat16ByOperators

        var rounds: Bool { [.bfloat16, .bfloat16ByLibrary, .bfloat16ByOperators].contains(self) }

        var isOfLibrary: Bool {
            [.float32ByLibrary, .bfloat16ByLibrary, .float32ByOperators, .bfloat16ByOperators].contains(self)
        }

        /// Whether operands are split into two parts on this machine.
        var splits: Bool { self == .bfloat16x3 && Runtime.productKernel(.bfloat16x3).contains("three products") }

        func run<Result>(_ body: () throws -> Result) rethrows -> Result {
            try withPrecision(rounds ? .bfloat16 : self == .bfloat16x3 ? .bfloat16x3 : .float32) {
                switch self {
                case .float32, .bfloat16x3, .bfloat16: try body()
                case .float32ByLibrary, .bfloat16ByLibrary: try withLibraryProducts(body)
                case .float32ByOperators, .bfloat16ByOperators: try withLibraryOperators(body)
                }
            }
        }
    }

    /// [rows, depth] · [depth, columns] in Double; the second by its columns' stride.
    func product(
        _ rows: Int, _ depth: Int, _ columns: Int, _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float
    ) -> (values: [Double], sizes: [Double]) {
        var values = [Double](repeating: 0, count: rows * columns)
        var sizes = values
        for row in 0..<rows {
            for k in 0..<depth {
                let factor = Double(a(row, k))
                for column in 0..<columns {
                    let term = factor * Double(b(k, column))
                    values[row * columns + column] += term
                    sizes[row * columns + column] += abs(term)
                }
            }
        }
        return (values, sizes)
    }

    /// The product as `way` defines it: of operands as they are, rounded, or in two parts, of which only the rests are not multiplied
    /// by each other.
    func product(
        _ way: Way, _ rows: Int, _ depth: Int, _ columns: Int, _ a: (Int, Int) -> Float, _ b: (Int, Int) -> Float
    ) -> (values: [Double], sizes: [Double]) {
        func rounded(_ operand: @escaping (Int, Int) -> Float) -> (Int, Int) -> Float {
            { roundedToBFloat16(operand($0, $1)) }
        }
        func rest(_ operand: @escaping (Int, Int) -> Float) -> (Int, Int) -> Float {
            { roundedToBFloat16(operand($0, $1) - roundedToBFloat16(operand($0, $1))) }
        }
        return withoutActuallyEscaping(a) { a in
            withoutActuallyEscaping(b) { b in
                if way.rounds { return product(rows, depth, columns, rounded(a), rounded(b)) }
                guard way.splits else { return product(rows, depth, columns, a, b) }
                let parts = [(rounded(a), rounded(b)), (rest(a), rounded(b)), (rounded(a), rest(b))].map {
                    product(rows, depth, columns, $0, $1)
                }
                return parts.dropFirst().reduce(parts[0]) {
                    (zip($0.values, $1.values).map(+), zip($0.sizes, $1.sizes).map(+))
                }
            }
        }
    }

    /// A float32 sum of n terms errs by at most n ulps of the sum of their sizes; on average by far less.
    func expectNear(_ found: [Float], _ exact: (values: [Double], sizes: [Double]), depth: Int, _ label: String) {
        #expect(found.count == exact.values.count)
        var worst = 0.0
        for (index, value) in found.enumerated() {
            let bound = (exact.sizes[index] + 1e-30) * 0x1p-24 * (4 + Double(depth).squareRoot())
            worst = max(worst, value.isFinite ? abs(Double(value) - exact.values[index]) / bound : .infinity)
        }
        #expect(worst <= 1, "\(label): \(worst) of the bound")
    }

    static let shapes: [[Int]] = [
        [1, 1, 1], [3, 7, 5], [2, 2, 64], [17, 33, 65], [5, 64, 128], [16, 31, 63], [129, 127, 66], [64, 896, 40],
        [1, 100, 517], [33, 2050, 17], [700, 40, 50], [15, 96, 1], [257, 65, 129],
    ]

    @Test(arguments: Way.allCases, shapes)
    func `a linear layer and its gradient`(way: Way, shape: [Int]) throws {
        let (rows, depth, columns) = (shape[0], shape[1], shape[2])
        var random = RandomSource(80, case: rows * 31 + columns)
        let (x, w) = (random.normals(rows * depth), random.normals(columns * depth))
        let (bias, seeds) = (random.normals(columns), random.normals(rows * columns))
        try withTorchErrors {
            let input = Tensor(x, shape: [rows, depth])
            let weight = Tensor(w, shape: [columns, depth])
            let offset = Tensor(bias)
            for tensor in [input, weight, offset] { tensor.requireGradient() }
            let out = way.run { input.linear(weight, bias: offset) }
            // the backward takes the forward's way, not the one of the moment
            let slopes = gradients(
                of: [out], seeds: [Tensor(seeds, shape: [rows, columns])], by: [input, weight, offset])
            var exact = product(way, rows, depth, columns, { x[$0 * depth + $1] }, { w[$1 * depth + $0] })
            for place in exact.values.indices {
                exact.values[place] += Double(bias[place % columns])
                exact.sizes[place] += abs(Double(bias[place % columns]))
            }
            let label = "\(way) \(shape)"
            expectNear(out.floats, exact, depth: depth, label)
            let dX = product(way, rows, columns, depth, { seeds[$0 * columns + $1] }, { w[$0 * depth + $1] })
            expectNear(slopes[0].floats, dX, depth: columns, "\(label), dX")
            let dW = product(way, columns, rows, depth, { seeds[$1 * columns + $0] }, { x[$0 * depth + $1] })
            expectNear(slopes[1].floats, dW, depth: rows, "\(label), dW")
            let db = product(1, rows, columns, { _, _ in 1 }, { seeds[$0 * columns + $1] })
            expectNear(slopes[2].floats, db, depth: rows, "\(label), db")
        }
    }

    /// A part rounds to 8 bits: two leave out 2^-17 of an operand at most and 2^-16 of a product, 2^-15 of a term; of random ones less.
    @Test(arguments: shapes) func `two bfloat16 parts are nearly float32`(shape: [Int]) throws {
        let (rows, depth, columns) = (shape[0], shape[1], shape[2])
        var random = RandomSource(84, case: rows * 31 + columns)
        let (x, w) = (random.normals(rows * depth), random.normals(columns * depth))
        let found = try withTorchErrors {
            withPrecision(.bfloat16x3) {
                Tensor(x, shape: [rows, depth]).linear(Tensor(w, shape: [columns, depth])).floats
            }
        }
        let exact = product(rows, depth, columns, { x[$0 * depth + $1] }, { w[$1 * depth + $0] })
        var (error, size) = (0.0, 0.0)
        for (index, value) in found.enumerated() {
            let difference = Double(value) - exact.values[index]
            #expect(abs(difference) <= 0x1p-15 * exact.sizes[index])
            error += difference * difference
            size += exact.values[index] * exact.values[index]
        }
        #expect(error.squareRoot() <= (rows * columns < 16 ? 0x1p-15 : 6e-6) * size.squareRoot())
    }

    @Test(arguments: Way.allCases)
    func `views with gaps, more axes, and nothing at all`(way: Way) throws {
        var random = RandomSource(81)
        let (x, w) = (random.normals(6 * 10), random.normals(7 * 6))
        try withTorchErrors {
            way.run {
                let weight = Tensor(w, shape: [7, 6])
                var turned = [Float](repeating: 0, count: 60)
                for row in 0..<10 { for k in 0..<6 { turned[row * 6 + k] = x[k * 10 + row] } }
                let rows = Tensor(turned, shape: [10, 6])
                let wide = Tensor(w, shape: [6, 7]).transposed(0, 1)
                let narrow = product(way, 10, 6, 7, { turned[$0 * 6 + $1] }, { w[$1 * 6 + $0] })
                let across = product(way, 10, 6, 7, { turned[$0 * 6 + $1] }, { w[$0 * 7 + $1] })
                let found = [
                    Tensor(x, shape: [6, 10]).transposed(0, 1).linear(weight).floats, rows.linear(weight).floats,
                    Tensor(turned, shape: [2, 5, 6]).linear(weight).floats,
                ]
                let foundAcross = [rows.linear(wide).floats, rows.linear(Tensor(wide.floats, shape: [7, 6])).floats]
                for values in found { expectNear(values, narrow, depth: 6, "\(way)") }
                for values in foundAcross { expectNear(values, across, depth: 6, "\(way), transposed weight") }
                // a library may sum in another order where rows do not lie one after the other; our products do not
                if !way.isOfLibrary {
                    #expect(found.dropFirst().allSatisfy { $0 == found[0] })
                    #expect(foundAcross[0] == foundAcross[1])
                }
                #expect(Tensor(turned, shape: [2, 5, 6]).linear(weight).shape == [2, 5, 7])
                #expect(Tensor.zeros([0, 6]).linear(weight).shape == [0, 7])
            }
        }
    }

    @Test func `the default is float32, and a precision ends with its scope`() {
        #expect(Runtime.precision == .float32)
        withPrecision(.bfloat16) {
            #expect(Runtime.precision == .bfloat16)
            withPrecision(.float32) { #expect(Runtime.precision == .float32) }
            withPrecision(.bfloat16x3) { #expect(Runtime.precision == .bfloat16x3) }
            #expect(Runtime.precision == .bfloat16)
        }
        #expect(Runtime.precision == .float32)
    }

    @Test(arguments: ComputePrecision.allCases)
    func `a written weight is packed again`(precision: ComputePrecision) throws {
        var random = RandomSource(82)
        let x = Tensor(random.normals(5 * 40), shape: [5, 40])
        let (first, second) = (random.normals(9 * 40), random.normals(9 * 40))
        try withTorchErrors {
            withPrecision(precision) {
                let weight = Tensor(first, shape: [9, 40])
                let before = x.linear(weight).floats
                #expect(before == x.linear(Tensor(first, shape: [9, 40])).floats)
                weight.assign(Tensor(second, shape: [9, 40]))
                let after = x.linear(weight).floats
                #expect(after != before && after == x.linear(Tensor(second, shape: [9, 40])).floats)
                weight.accumulate(Tensor(first, shape: [9, 40]))
                #expect(x.linear(weight).floats == x.linear(Tensor(weight.floats, shape: [9, 40])).floats)
                var optimiser = AdamW([weight], options: .init())
                _ = optimiser.step(gradients: [Tensor(first, shape: [9, 40])], learningRate: 0.1)
                #expect(x.linear(weight).floats == x.linear(Tensor(weight.floats, shape: [9, 40])).floats)
            }
        }
    }

    @Test(arguments: Way.allCases)
    func `the same threads give the same bits`(way: Way) throws {
        var random = RandomSource(83)
        let (x, w) = (random.normals(300 * 130), random.normals(200 * 130))
        let ids = (0..<300).map { _ in Int64(random.integer(below: 200)) }
        func all() throws -> [[Float]] {
            try withTorchErrors {
                way.run {
                    let input = Tensor(x, shape: [300, 130])
                    let weight = Tensor(w, shape: [200, 130])
                    input.requireGradient()
                    weight.requireGradient()
                    let out = input.linear(weight)
                    let slopes = gradients(of: [out], seeds: [out.detached()], by: [input, weight])
                    let statistics = PolicyHeadKernels.statistics(
                        hidden: input, weight: weight, ids: Tensor(ids), temperature: 1)
                    let (dX, dW) = PolicyHeadKernels.gradient(
                        hidden: input, weight: weight, ids: Tensor(ids), statistics: statistics,
                        g1: Array(x.prefix(300)), g2: Array(w.prefix(300)), temperature: 1)
                    return [out.floats, slopes[0].floats, slopes[1].floats, statistics.floats, dX.floats, dW.floats]
                }
            }
        }
        let first = try all()
        for _ in 0..<3 { #expect(try all() == first) }
    }

    @Test(arguments: Way.allCases)
    func `a weight whose copies were released gives the same products`(way: Way) throws {
        var random = RandomSource(83)
        let (x, weight) = (
            Tensor(random.normals(5 * 40), shape: [5, 40]), Tensor(random.normals(9 * 40), shape: [9, 40])
        )
        try withTorchErrors {
            way.run {
                let before = x.linear(weight).floats
                weight.releaseForwardCopies()
                #expect(x.linear(weight).floats == before)
            }
        }
    }

    @Test func `packed copies are freed with their weight`() throws {
        // other tests pack at the same time: only a weight far larger than theirs shows in the total
        let size = 3000
        let values = [Float](repeating: 0.5, count: size * size)
        let held = try withTorchErrors { () -> Int in
            let weight = Tensor(values, shape: [size, size])
            return withPrecision(.bfloat16) {
                _ = Tensor([Float](repeating: 1, count: size), shape: [1, size]).linear(weight)
                return Runtime.packedWeightBytes
            }
        }
        #expect(held >= 2 * size * size)
        #expect(Runtime.packedWeightBytes < 2 * size * size)
    }
}
