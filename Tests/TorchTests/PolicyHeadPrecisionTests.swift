// The policy head at both precisions and on BLAS: against the definitions in Double on the operands as they are rounded.

import EntropyDynamics
import Foundation
import Testing
import Torch
import Trajectories

@Suite struct PolicyHeadPrecisionTests {
    struct Head {
        let rows, width, vocabulary: Int
        var x, w: [Float]
        var ids: [Int]

        init(_ random: inout RandomSource, rows: Int, width: Int, vocabulary: Int) {
            (self.rows, self.width, self.vocabulary) = (rows, width, vocabulary)
            x = random.normals(rows * width)
            w = random.normals(vocabulary * width, deviation: 3 / Double(width).squareRoot())
            ids = (0..<rows).map { _ in random.integer(below: vocabulary) }
        }

        var hidden: Tensor { Tensor(x, shape: [rows, width]) }
        var weight: Tensor { Tensor(w, shape: [vocabulary, width]) }
        var tokens: Tensor { Tensor(ids.map(Int64.init)) }

        func logits(_ row: Int, rounding: Bool) -> [Double] {
            let round = { (v: Float) in Double(rounding ? roundedToBFloat16(v) : v) }
            let state = (0..<width).map { round(x[row * width + $0]) }
            return (0..<vocabulary).map { token in
                state.indices.reduce(0) { $0 + state[$1] * round(w[token * width + $1]) }
            }
        }
    }

    /// Rows, width and vocabulary: less than a block and more, whole panels, pairs and strips, and rests of each.
    static let shapes: [[Int]] = [
        [1, 1, 1], [3, 5, 40], [2, 33, 65], [130, 16, 100], [17, 64, 513], [5, 100, 2049], [600, 7, 77], [4, 70, 4500],
        [2100, 5, 70],
    ]

    /// Logits that bfloat16 holds exactly make every product exact: the bounds are those of float32.
    @Test(arguments: ProductTests.Way.allCases)
    func `exact logits give exact statistics`(way: ProductTests.Way) throws {
        for (number, vocabulary) in [1, 63, 64, 65, 511, 1024, 3001].enumerated() {
            var random = RandomSource(90, case: number)
            let rows = (0..<5).map { _ in random.logits(vocabulary).map(roundedToBFloat16) }
            let ids = rows.map { _ in random.integer(below: vocabulary) }
            for tile in [0, 100] {
                let found = try way.run { try streamed(rows, ids: ids, tile: tile) }
                for (row, logits) in rows.enumerated() {
                    let (error, which) = try RowOracle(logits, id: ids[row]).worst(column(row, of: found))
                    #expect(error < 5e-6, "\(way), V = \(vocabulary), tile \(tile), row \(row): \(which)")
                }
            }
        }
    }

    @Test(arguments: ProductTests.Way.allCases, shapes)
    func `statistics and gradient of random heads`(way: ProductTests.Way, shape: [Int]) throws {
        var random = RandomSource(91, case: shape[0] * 7 + shape[2])
        let head = Head(&random, rows: shape[0], width: shape[1], vocabulary: shape[2])
        let g1 = (0..<head.rows).map { $0 % 3 == 1 ? 0 : random.normals(1)[0] }
        let g2 = (0..<head.rows).map { $0 % 3 == 1 ? 0 : random.normals(1)[0] }
        let temperature = 0.8
        let (statistics, dX, dW) = try withTorchErrors {
            way.run {
                let statistics = PolicyHeadKernels.statistics(
                    hidden: head.hidden, weight: head.weight, ids: head.tokens, temperature: temperature)
                let found = PolicyHeadKernels.gradient(
                    hidden: head.hidden, weight: head.weight, ids: head.tokens, statistics: statistics, g1: g1, g2: g2,
                    temperature: temperature)
                return (statistics.floats, found.hidden.floats, found.weight.floats)
            }
        }
        var (exactX, exactW) = ([Double](repeating: 0, count: dX.count), [Double](repeating: 0, count: dW.count))
        let round = { (v: Float) in Double(way.rounds ? roundedToBFloat16(v) : v) }
        for row in 0..<head.rows {
            let p = try Categorical(logits: head.logits(row, rounding: way.rounds), temperature: temperature)
            let found = column(row, of: statistics)
            let expected = [
                p.logProbabilities[head.ids[row]], p.entropy, p.discriminant(of: head.ids[row]),
                p.expectedDiscriminant, p.varianceDiscriminant, p.collision,
            ]
            let names: [StatisticsRow] = [
                .logprob, .entropy, .discriminant, .expectedDiscriminant, .varianceDiscriminant, .collision,
            ]
            for (name, value) in zip(names, expected) {
                // the products' float32 sums move logits of size ten by about 1e-5, a split by some 3e-5
                let error = abs(Double(found[name.rawValue]) - value) / (1 + abs(value))
                #expect(error < (way.splits ? 1e-4 : 3e-5), "\(way) \(shape), row \(row): \(name) is off by \(error)")
            }
            let dz = p.lossGradient(g1: Double(g1[row]), g2: Double(g2[row]), of: head.ids[row])
            for token in 0..<head.vocabulary {
                for feature in 0..<head.width {
                    exactX[row * head.width + feature] += dz[token] * round(head.w[token * head.width + feature])
                    exactW[token * head.width + feature] += dz[token] * round(head.x[row * head.width + feature])
                }
            }
        }
        // dz is rounded to bfloat16 too: half an ulp is 2^-9 of each term
        let bound = way.rounds ? 0x1p-8 : way.splits ? 4e-5 : 2e-5
        #expect(distance(dX, exactX) < bound, "\(way) \(shape): dX")
        #expect(distance(dW, exactW) < bound, "\(way) \(shape): dW")
        for row in stride(from: 1, to: head.rows, by: 3) {
            #expect(dX[(row * head.width)..<((row + 1) * head.width)].allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: ProductTests.Way.allCases, shapes)
    func `a gradient of the head is added to a sum in its memory`(way: ProductTests.Way, shape: [Int]) throws {
        var random = RandomSource(92, case: shape[0] * 7 + shape[2])
        let head = Head(&random, rows: shape[0], width: shape[1], vocabulary: shape[2])
        let start = random.normals(shape[1] * shape[2])
        let none = [Float](repeating: 0, count: head.rows)
        let g1 = random.normals(head.rows)
        try withTorchErrors {
            way.run {
                let statistics = PolicyHeadKernels.statistics(
                    hidden: head.hidden, weight: head.weight, ids: head.tokens, temperature: 1)
                func gradient(_ g1: [Float], addingTo sum: Tensor? = nil) -> (hidden: Tensor, weight: Tensor) {
                    PolicyHeadKernels.gradient(
                        hidden: head.hidden, weight: head.weight, ids: head.tokens, statistics: statistics, g1: g1,
                        g2: none, temperature: 1, addingTo: sum)
                }
                let alone = gradient(g1)
                let sum = Tensor(start, shape: [shape[2], shape[1]])
                let added = gradient(g1, addingTo: sum)
                #expect(added.hidden.floats == alone.hidden.floats)
                let expected = zip(start, alone.weight.floats).map { Double($0) + Double($1) }
                #expect(distance(sum.floats, expected) < 1e-6, "\(way) \(shape)")
                #expect(added.weight.floats == sum.floats)
                let before = sum.floats
                _ = gradient(none, addingTo: sum)
                #expect(sum.floats == before, "rows without a gradient add nothing")
            }
        }
    }

    /// |found - exact| relative to |exact|, with room for gradients that vanish.
    func distance(_ found: [Float], _ exact: [Double]) -> Double {
        var (error, size) = (0.0, 0.0)
        for (a, b) in zip(found, exact) {
            error += (Double(a) - b) * (Double(a) - b)
            size += b * b
        }
        return error.squareRoot() / (size.squareRoot() + 1e-3)
    }

    @Test(arguments: ProductTests.Way.allCases)
    func `sampling reports the statistics of the same pass, whatever the batch`(way: ProductTests.Way) throws {
        var random = RandomSource(92)
        let head = Head(&random, rows: 150, width: 48, vocabulary: 5000)
        let counters = (0..<UInt32(head.rows)).flatMap { [$0, 1, 2, 3 | 1 << 24] as [UInt32] }
        try withTorchErrors {
            way.run {
                let weight = head.weight
                let drawn = PolicyHeadKernels.sample(
                    hidden: head.hidden, weight: weight, temperature: 0.9, greedy: false, seed: 5, counters: counters)
                let again = PolicyHeadKernels.statistics(
                    hidden: head.hidden, weight: weight, ids: Tensor(drawn.tokens), temperature: 0.9)
                let (first, second) = (drawn.statistics.floats, again.floats)
                if [.float32, .bfloat16x3, .bfloat16].contains(way) {
                    #expect(first == second)
                    let alone = PolicyHeadKernels.sample(
                        hidden: head.hidden.slice(77..<78, axis: 0), weight: weight, temperature: 0.9, greedy: false,
                        seed: 5, counters: Array(counters[(4 * 77)..<(4 * 78)]))
                    #expect(alone.tokens == [drawn.tokens[77]])
                }
                let worst = zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(worst < 1e-4, "\(way)")
            }
        }
    }
}
