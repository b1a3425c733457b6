// The counter-based random source against published vectors, and the properties that the rest of the package relies on.

import Testing
import Trajectories

@Suite struct PhiloxTests {
    /// The vectors for Philox4x32-10 published with Random123 (Salmon et al., SC 2011).
    @Test("known answers of Philox4x32-10")
    func knownAnswers() {
        let zero = Philox.block(counter: (0, 0, 0, 0), key: (0, 0))
        #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        let ones = Philox.block(counter: (.max, .max, .max, .max), key: (.max, .max))
        #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        let pi = Philox.block(
            counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
        #expect(pi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test("flipping any counter or key bit flips about half of the output bits")
    func avalanche() {
        var total = 0
        let cases = 6 * 32 * 20
        for trial in 0..<20 {
            var random = RandomSource(seed: 5, purpose: .testing, step: trial)
            let words = (0..<6).map { _ in UInt32(truncatingIfNeeded: random.next()) }
            let plain = block(words)
            for bit in 0..<(6 * 32) {
                var changed = words
                changed[bit / 32] ^= 1 << UInt32(bit % 32)
                let flipped = zip(plain, block(changed)).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
                #expect((25...103).contains(flipped), "bit \(bit) flips \(flipped) of 128")
                total += flipped
            }
        }
        #expect(abs(Double(total) / Double(cases) - 64) < 0.5)
    }

    private func block(_ words: [UInt32]) -> [UInt32] {
        let result = Philox.block(counter: (words[0], words[1], words[2], words[3]), key: (words[4], words[5]))
        return [result.0, result.1, result.2, result.3]
    }
}

@Suite struct RandomSourceTests {
    @Test("a number depends on its coordinates and position alone")
    func jumping() {
        var whole = RandomSource(seed: 9, purpose: .sampling, step: 3, prompt: 4, sample: 5)
        let numbers = (0..<1_000).map { _ in whole.next() }
        for start in stride(from: 999, through: 0, by: -1) {
            var jumped = RandomSource(seed: 9, purpose: .sampling, step: 3, prompt: 4, sample: 5)
            jumped.position = UInt32(start)
            #expect(jumped.next() == numbers[start])
        }
    }

    @Test("every coordinate names another stream")
    func distinctStreams() {
        var first: Set<UInt64> = []
        var streams = 0
        let purposes: [RandomPurpose] = [
            .sampling, .initialisation, .problems, .shuffling, .bootstrap, .testing, .probing,
        ]
        for seed in [0, 1, 1 << 32, UInt64.max] {
            for purpose in purposes {
                for step in [0, 1, 2, 1_000_000] {
                    for prompt in [0, 1, 2, 4_000_000_000] {
                        for sample in [0, 1, 2, (1 << 24) - 1] {
                            var source = RandomSource(
                                seed: seed, purpose: purpose, step: step, prompt: prompt, sample: sample)
                            first.insert(source.next())
                            streams += 1
                        }
                    }
                }
            }
        }
        #expect(first.count == streams)
    }

    @Test("uniform numbers fill [0, 1) evenly: moments and chi-square over 100 cells")
    func uniformity() {
        var source = RandomSource(seed: 1, purpose: .testing)
        var cells = [Int](repeating: 0, count: 100)
        var (sum, squares) = (0.0, 0.0)
        let count = 200_000
        for _ in 0..<count {
            let value = source.uniform()
            #expect(value >= 0 && value < 1)
            cells[Int(value * 100)] += 1
            sum += value
            squares += value * value
        }
        #expect(abs(sum / Double(count) - 0.5) < 4 * 0.2887 / Double(count).squareRoot())
        #expect(abs(squares / Double(count) - 1.0 / 3) < 4 * 0.2981 / Double(count).squareRoot())
        #expect(chiSquare(cells) < 99 + 4 * (2 * 99.0).squareRoot())
    }

    @Test("bounded integers are in bounds and even, also for bounds that divide nothing")
    func integers() {
        for bound in [1, 2, 3, 7, 10, 97] {
            var source = RandomSource(seed: 2, purpose: .testing, step: bound)
            var cells = [Int](repeating: 0, count: bound)
            for _ in 0..<(2_000 * bound) { cells[source.integer(below: bound)] += 1 }
            let freedom = Double(bound - 1)
            #expect(chiSquare(cells) <= freedom + 4.5 * (2 * freedom).squareRoot())
        }
        var source = RandomSource(seed: 2, purpose: .testing)
        for _ in 0..<1_000 { #expect(source.integer(below: .max) >= 0) }
    }

    @Test("normal pairs have mean 0, variance 1, no correlation, and are finite")
    func normal() {
        var source = RandomSource(seed: 3, purpose: .testing)
        let count = 100_000
        var (sum, squares, product) = (0.0, 0.0, 0.0)
        for _ in 0..<count {
            let (a, b) = source.normalPair()
            #expect(a.isFinite && b.isFinite)
            sum += a + b
            squares += a * a + b * b
            product += a * b
        }
        let number = Double(2 * count)
        #expect(abs(sum / number) < 4 / number.squareRoot())
        #expect(abs(squares / number - 1) < 4 * (2 / number).squareRoot())
        #expect(abs(product / Double(count)) < 4 / Double(count).squareRoot())
    }

    @Test(
        "neighbouring streams are uncorrelated",
        arguments: ["step", "prompt", "sample", "purpose", "seed"])
    func independence(_ coordinate: String) {
        // 2,000 pairs of neighbouring streams, 50 numbers of each.
        var product = 0.0
        var equal = 0
        for stream in 0..<2_000 {
            var a = source(coordinate, stream)
            var b = source(coordinate, stream + 1)
            for _ in 0..<50 {
                let (x, y) = (a.uniform(), b.uniform())
                product += (x - 0.5) * (y - 0.5)
                if x == y { equal += 1 }
            }
        }
        // Each product has variance 1/144.
        #expect(abs(product) < 4.5 * (100_000.0 / 144).squareRoot())
        #expect(equal == 0)
    }

    private func source(_ coordinate: String, _ index: Int) -> RandomSource {
        switch coordinate {
        case "step": RandomSource(seed: 4, purpose: .testing, step: index)
        case "prompt": RandomSource(seed: 4, purpose: .testing, prompt: index)
        case "sample": RandomSource(seed: 4, purpose: .testing, sample: index)
        case "seed": RandomSource(seed: UInt64(index), purpose: .testing)
        default:
            RandomSource(seed: 4, purpose: index % 2 == 0 ? .testing : .sampling, step: index / 2 * 2)
        }
    }

    private func chiSquare(_ cells: [Int]) -> Double {
        let expected = Double(cells.reduce(0, +)) / Double(cells.count)
        return cells.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    }
}
