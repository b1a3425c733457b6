// The policy head's statistics against the definitions in Double: any vocabulary, any tile, rows that break naive formulas.

import EntropyDynamics
import Foundation
import Testing
import Torch
import Trajectories

@Suite struct PolicyHeadStatisticsTests {
    /// Rounding of float32 terms; the sums are Double.
    let streamedTolerance = 5e-6
    /// Terms and sums are Double: what remains is the rounding of the result to float32.
    let directTolerance = 1e-6

    func expectRight(
        _ rows: [[Float]], ids: [Int], temperature: Double = 1, tiles: [Int] = [0, 1, 7, 16, 128, 256],
        tolerance: Double? = nil, _ label: String
    ) throws {
        let exact = try direct(rows, ids: ids, temperature: temperature)
        for (row, logits) in rows.enumerated() {
            let oracle = try RowOracle(logits, id: ids[row], temperature: temperature)
            let (error, which) = oracle.worst(column(row, of: exact))
            #expect(error < directTolerance, "\(label), row \(row), given logits: \(which)")
        }
        for tile in tiles {
            let found = try streamed(rows, ids: ids, temperature: temperature, tile: tile)
            for (row, logits) in rows.enumerated() {
                let oracle = try RowOracle(logits, id: ids[row], temperature: temperature)
                let (error, which) = oracle.worst(column(row, of: found))
                #expect(error < tolerance ?? streamedTolerance, "\(label), row \(row), tile \(tile): \(which)")
            }
        }
    }

    @Test(arguments: [1, 2, 3, 15, 16, 17, 127, 128, 129, 255, 257, 511, 513, 1000, 2047, 2048, 2049, 4999])
    func `a vocabulary of any size, in whole tiles and with a rest`(vocabulary: Int) throws {
        var random = RandomSource(1, case: vocabulary)
        let rows = (0..<6).map { _ in random.logits(vocabulary) }
        let ids = rows.map { _ in random.integer(below: vocabulary) }
        try expectRight(rows, ids: ids, tiles: [0, 7, 16, 128, 256, 1000, vocabulary], "V = \(vocabulary)")
    }

    @Test func `a thousand random rows in random tiles at random temperatures`() throws {
        var worst = 0.0
        for number in 0..<1000 {
            var random = RandomSource(2, case: number)
            let vocabulary = 1 + random.integer(below: 700)
            let temperature = [0.5, 0.7, 1, 1.3, 2][random.integer(below: 5)]
            let tile = random.integer(below: 400)
            let rows = [random.logits(vocabulary), random.logits(vocabulary)]
            let ids = rows.map { _ in random.integer(below: vocabulary) }
            let found = try streamed(rows, ids: ids, temperature: temperature, tile: tile)
            let exact = try direct(rows, ids: ids, temperature: temperature)
            for row in 0..<2 {
                let oracle = try RowOracle(rows[row], id: ids[row], temperature: temperature)
                let (error, which) = oracle.worst(column(row, of: found))
                // z / T is rounded to float32 before anything else: its ulp is an absolute error of log p
                let ulp = Double(rows[row].map(abs).max() ?? 0) / temperature * 0x1p-23
                #expect(error < streamedTolerance + 4 * ulp, "case \(number): \(which)")
                #expect(oracle.worst(column(row, of: exact)).error < directTolerance, "case \(number), given logits")
                worst = max(worst, error)
            }
        }
        print("worst relative error of streamed statistics over 2,000 rows: \(worst)")
    }

    @Test func `any tiling gives the same statistics`() throws {
        var worst = 0.0
        for number in 0..<60 {
            var random = RandomSource(3, case: number)
            let vocabulary = 200 + random.integer(below: 3000)
            let rows = (0..<3).map { _ in random.logits(vocabulary) }
            let ids = rows.map { _ in random.integer(below: vocabulary) }
            let whole = try streamed(rows, ids: ids, tile: vocabulary)
            let oracles = try rows.indices.map { try RowOracle(rows[$0], id: ids[$0]) }
            for tile in [0, 1, 13, 128, 1 + random.integer(below: vocabulary)] {
                let tiled = try streamed(rows, ids: ids, tile: tile)
                for row in rows.indices {
                    for (which, (a, b)) in zip(column(row, of: whole), column(row, of: tiled)).enumerated() {
                        let difference = abs(Double(a) - Double(b))
                        let size = max(abs(oracles[row].values[which]), oracles[row].scales[which])
                        let relative = difference == 0 ? 0 : difference / max(size, 1e-30)
                        // u = z - max in float32 carries an ulp of u, up to 60 here, and each tiling another one
                        #expect(relative < 4e-6, "case \(number), tile \(tile), \(StatisticsRow.allCases[which])")
                        worst = max(worst, relative)
                    }
                }
            }
        }
        print("worst relative difference between tilings: \(worst)")
    }

    @Test func `ties at the top, in one tile and across tiles`() throws {
        var random = RandomSource(4)
        let vocabulary = 301
        let rows = [[0, 1], [0, 300], [127, 128, 129], Array(0..<17), Array(0..<301)].map { places in
            var row = random.normals(vocabulary)
            for place in places { row[place] = 9.25 }
            return row
        }
        try expectRight(rows, ids: [0, 300, 5, 16, 77], "ties")
        try expectRight(rows, ids: [0, 300, 5, 16, 77], temperature: 0.7, "ties at T = 0.7")
        try expectRight(rows, ids: [1, 2, 3, 4, 5], temperature: 3, "ties at T = 3")
    }

    @Test func `row blocks and threads do not show in the result`() throws {
        var random = RandomSource(12)
        let base = random.logits(900)
        let others = (0..<3).map { _ in random.logits(900) }
        let alone = try streamed([base], ids: [17], tile: 256)
        // one head for 600 rows: three blocks, shared out among the threads
        let (count, width) = (600, 4)
        let found = try withTorchErrors {
            let (_, weight) = exactHead([base] + others)
            var unit = [Float](repeating: 0, count: count * width)
            for row in 0..<count { unit[row * width + row % width] = 1 }
            return PolicyHeadKernels.statistics(
                hidden: Tensor(unit, shape: [count, width]), weight: weight,
                ids: Tensor((0..<count).map { _ in Int64(17) }), temperature: 1, tile: 256
            ).floats
        }
        for row in stride(from: 0, to: count, by: width) { #expect(column(row, of: found) == alone) }
    }

    @Test(arguments: [1, 2, 5, 128, 1000])
    func `on a flat row H is log V and every S is nothing`(vocabulary: Int) throws {
        for logit: Float in [0, -3.7, 1e4, -1e30] {
            let row = [[Float](repeating: logit, count: vocabulary)]
            for found in try [streamed(row, ids: [0], tile: 7), streamed(row, ids: [0]), direct(row, ids: [0])] {
                let statistics = column(0, of: found)
                #expect(abs(Double(statistics[2]) - log(Double(vocabulary))) < 1e-6)
                #expect(abs(Double(statistics[0]) + log(Double(vocabulary))) < 1e-6)
                #expect(statistics[3...5].allSatisfy { abs($0) < 1e-7 })
                #expect(abs(statistics[6] * Float(vocabulary) - 1) < 1e-6)
                #expect(statistics[7] >= 0 && statistics[7] < 1e-7)
            }
        }
    }

    @Test func `logits of ten thousand, of both signs and all very negative`() throws {
        var random = RandomSource(5)
        let base = random.normals(300)
        let rows: [[Float]] = [
            base.map { $0 + 1e4 }, base.map { $0 - 1e4 }, base.enumerated().map { $0.offset % 2 == 0 ? 1e4 : -1e4 },
            base.enumerated().map { $0.offset == 299 ? 1e4 : -1e4 + $0.element }, base.map { $0 * 1e4 },
        ]
        try expectRight(rows, ids: [0, 299, 2, 299, 7], "far logits")
        try expectRight(rows, ids: [1, 5, 2, 0, 7], temperature: 2, "far logits at T = 2")
    }

    @Test(arguments: [1e-4, 1e-6, 1e-9])
    func `nearly certain tokens keep their small entropies`(rest: Double) throws {
        var random = RandomSource(6)
        let vocabulary = 1003
        for top in [0, 5, 500, 1002] {
            var row = random.normals(vocabulary)
            let tail = row.enumerated().reduce(0) { $1.offset == top ? $0 : $0 + exp(Double($1.element)) }
            row[top] = Float(log(tail / rest))
            let p = try Categorical(logits: row.map(Double.init))
            #expect(abs(1 - p.probabilities[top] - rest) < 1e-2 * rest + 1e-15)
            for id in [top, 3, 400, 999] { try expectRight([row], ids: [id], "1 - p = \(rest), top \(top), id \(id)") }
        }
    }

    @Test func `the top and the token in every tile`() throws {
        var random = RandomSource(7)
        let vocabulary = 70
        for top in stride(from: 0, to: vocabulary, by: 7) {
            var row = random.normals(vocabulary)
            row[top + 3] = 4
            let ids = Array(stride(from: 0, to: vocabulary, by: 7)) + [top + 3]
            try expectRight(ids.map { _ in row }, ids: ids, tiles: [7], "top \(top)")
        }
    }

    @Test func `logits of minus infinity have no probability and no S`() throws {
        var random = RandomSource(8)
        var row = random.normals(40)
        for masked in Array(0..<9) + [20, 38, 39] { row[masked] = -.infinity }
        let oracle = try RowOracle(row, id: 12)
        for tile in [0, 1, 7, 16] {
            // one hidden feature: a product with zero would turn the infinity into a NaN
            let found = try withTorchErrors {
                PolicyHeadKernels.statistics(
                    hidden: Tensor([Float(1)], shape: [1, 1]), weight: Tensor(row, shape: [40, 1]),
                    ids: Tensor([Int64(12)]), temperature: 1, tile: tile
                ).floats
            }
            #expect(oracle.worst(found).error < streamedTolerance, "tile \(tile)")
        }
        let exact = try direct([row], ids: [12])
        #expect(oracle.worst(exact).error < directTolerance)
        let masked = try direct([row], ids: [20])
        #expect(masked[StatisticsRow.logprob.rawValue] == -.infinity)
        #expect(masked[StatisticsRow.discriminant.rawValue] == 0)
        #expect(masked[StatisticsRow.entropy.rawValue] == exact[StatisticsRow.entropy.rawValue])
    }

    @Test(arguments: [0, 3, 39])
    func `a NaN among the logits shows in every statistic`(place: Int) throws {
        var random = RandomSource(9)
        var row = random.normals(40)
        row[place] = .nan
        for tile in [0, 1, 7] {
            let found = try withTorchErrors {
                PolicyHeadKernels.statistics(
                    hidden: Tensor([Float(1)], shape: [1, 1]), weight: Tensor(row, shape: [40, 1]),
                    ids: Tensor([Int64(12)]), temperature: 1, tile: tile
                ).floats
            }
            #expect(found.allSatisfy { $0.isNaN }, "tile \(tile): \(found)")
        }
        #expect(try direct([row], ids: [12]).allSatisfy { $0.isNaN })
        let hopeless = [Float](repeating: -.infinity, count: 5)
        #expect(
            try direct([hopeless], ids: [0]).allSatisfy { $0.isNaN }, "a row without a possible token has no statistics"
        )
        var infinite = random.normals(40)
        infinite[place] = .infinity
        #expect(try direct([infinite], ids: [12])[StatisticsRow.entropy.rawValue].isNaN)
    }

    @Test func `a whole vocabulary, from certainty to a flat row`() throws {
        let vocabulary = 151_936
        var random = RandomSource(10)
        var rows: [[Float]] = [0, 0.1, 1, 3].map { random.normals(vocabulary, deviation: $0) }
        for boost: Float in [11, 14, 18, 24, 30] {
            var row = random.normals(vocabulary)
            row[random.integer(below: vocabulary)] = boost
            rows.append(row)
        }
        let ids = rows.indices.map {
            $0 % 2 == 0 ? random.integer(below: vocabulary) : rows[$0].firstIndex(of: rows[$0].max()!)!
        }
        let exact = try direct(rows, ids: ids)
        let found = try streamed(rows, ids: ids)
        var entropies: [Double] = []
        var (worstDirect, worstStreamed) = (0.0, 0.0)
        for row in rows.indices {
            let oracle = try RowOracle(rows[row], id: ids[row])
            entropies.append(oracle.values[2])
            let (error, which) = oracle.worst(column(row, of: exact))
            #expect(error < 1e-5, "row \(row), given logits: \(which)")
            let (streamedError, whichStreamed) = oracle.worst(column(row, of: found))
            #expect(streamedError < 1e-5, "row \(row), streamed: \(whichStreamed)")
            worstDirect = max(worstDirect, error)
            worstStreamed = max(worstStreamed, streamedError)
        }
        #expect(entropies.min()! < 1e-6)
        #expect(entropies.max()! > 11.9)
        print("V = \(vocabulary): worst relative error \(worstDirect) of given logits, \(worstStreamed) streamed")
    }

    @Test func `a head in bfloat16 gives the statistics of its rounded weights`() throws {
        var random = RandomSource(11)
        let (count, width, vocabulary) = (5, 24, 333)
        let (x, w) = (random.normals(count * width), random.normals(vocabulary * width))
        let (rounded, wide) = try withTorchErrors {
            let hidden = Tensor(x, shape: [count, width])
            let weight = Tensor(w, shape: [vocabulary, width]).cast(to: .bfloat16)
            let ids = Tensor((0..<count).map { Int64($0 * 60) })
            func statistics(_ weight: Tensor) -> [Float] {
                PolicyHeadKernels.statistics(hidden: hidden, weight: weight, ids: ids, temperature: 1, tile: 100).floats
            }
            return (statistics(weight), statistics(weight.cast(to: .float32)))
        }
        #expect(rounded == wide)
        #expect(rounded.allSatisfy { $0.isFinite })
    }

    @Test func `what does not fit is refused in a sentence`() throws {
        func refusal(_ hidden: [Int], _ weight: [Int], _ ids: [Int64], temperature: Double = 1) -> String? {
            do {
                _ = try withTorchErrors {
                    PolicyHeadKernels.statistics(
                        hidden: .zeros(hidden), weight: .zeros(weight), ids: Tensor(ids), temperature: temperature)
                }
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(
            refusal([2, 3], [5, 4], [0, 0])
                == "policy head: hidden states of shape [2, 3] do not fit a head of shape [5, 4]")
        #expect(refusal([2, 3], [0, 3], [0, 0]) == "policy head: the vocabulary is empty")
        #expect(refusal([2, 3], [5, 3], [0, 5]) == "policy head: token id 5 lies outside a vocabulary of 5")
        #expect(refusal([2, 3], [5, 3], [-1, 0]) == "policy head: token id -1 lies outside a vocabulary of 5")
        #expect(refusal([2, 3], [5, 3], [0]) == "policy head: token ids must be int64 [2], got [1]")
        #expect(
            refusal([2, 3], [5, 3], [0, 0], temperature: 0) == "policy head: temperature must be positive, got 0")
        #expect(refusal([0, 3], [5, 3], []) == nil, "no rows are no statistics, not an error")
    }
}
