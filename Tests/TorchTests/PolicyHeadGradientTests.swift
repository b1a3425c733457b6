// The policy head's gradient against the Double formula and against finite differences of log p and H.

import EntropyDynamics
import Foundation
import Testing
import Torch
import Trajectories

@Suite struct PolicyHeadGradientTests {
    /// A head with hidden states, as Double numbers that float32 holds exactly.
    struct Head {
        var hidden: [[Double]]
        var weight: [[Double]]
        var ids: [Int]
        var temperature: Double

        init(_ random: inout RandomSource, rows: Int, width: Int, vocabulary: Int, temperature: Double) {
            hidden = (0..<rows).map { _ in random.normals(width).map(Double.init) }
            weight = (0..<vocabulary).map { _ in random.normals(width).map(Double.init) }
            ids = (0..<rows).map { _ in random.integer(below: vocabulary) }
            self.temperature = temperature
        }

        func distribution(_ row: Int) throws -> Categorical {
            let logits = weight.map { zip($0, hidden[row]).reduce(0) { $0 + $1.0 * $1.1 } }
            return try Categorical(logits: logits, temperature: temperature)
        }

        /// Σ g1 log p + g2 H.
        func loss(_ g1: [Float], _ g2: [Float]) throws -> Double {
            try hidden.indices.reduce(0) {
                let p = try distribution($1)
                return $0 + Double(g1[$1]) * p.logProbabilities[ids[$1]] + Double(g2[$1]) * p.entropy
            }
        }

        /// The kernel's (∂L/∂hidden, ∂L/∂weight), row-major.
        func gradient(_ g1: [Float], _ g2: [Float], tile: Int = 0, bfloat16: Bool = false) throws -> ([Float], [Float])
        {
            try withTorchErrors {
                let x = Tensor(hidden.flatMap { $0.map(Float.init) }, shape: [hidden.count, hidden[0].count])
                let full = Tensor(weight.flatMap { $0.map(Float.init) }, shape: [weight.count, weight[0].count])
                let w = bfloat16 ? full.cast(to: .bfloat16) : full
                let ids = Tensor(self.ids.map(Int64.init))
                let statistics = PolicyHeadKernels.statistics(
                    hidden: x, weight: w, ids: ids, temperature: temperature, tile: tile)
                let found = PolicyHeadKernels.gradient(
                    hidden: x, weight: w, ids: ids, statistics: statistics, g1: g1, g2: g2, temperature: temperature,
                    tile: tile)
                return (found.hidden.floats, found.weight.floats)
            }
        }

        /// The same from the formula, in Double.
        func formula(_ g1: [Float], _ g2: [Float]) throws -> (hidden: [Double], weight: [Double]) {
            let width = hidden[0].count
            var dHidden = [Double](repeating: 0, count: hidden.count * width)
            var dWeight = [Double](repeating: 0, count: weight.count * width)
            for row in hidden.indices {
                let dz = try distribution(row).lossGradient(g1: Double(g1[row]), g2: Double(g2[row]), of: ids[row])
                for token in weight.indices {
                    for feature in 0..<width {
                        dHidden[row * width + feature] += dz[token] * weight[token][feature]
                        dWeight[token * width + feature] += dz[token] * hidden[row][feature]
                    }
                }
            }
            return (dHidden, dWeight)
        }
    }

    func largestDifference(_ found: [Float], _ expected: [Double]) -> Double {
        zip(found, expected).reduce(0) { max($0, $1.0.isFinite ? abs(Double($1.0) - $1.1) : .infinity) }
    }

    @Test func `log p and H are differentiated through hidden states and head`() throws {
        var worst = 0.0
        for number in 0..<40 {
            var random = RandomSource(20, case: number)
            let head = Head(
                &random, rows: 1 + random.integer(below: 4), width: 1 + random.integer(below: 5),
                vocabulary: 1 + random.integer(below: 40), temperature: [0.6, 1, 1.7][number % 3])
            let g1 = random.normals(head.hidden.count, deviation: 2)
            let g2 = random.normals(head.hidden.count, deviation: 2)
            let (dHidden, dWeight) = try head.gradient(g1, g2, tile: random.integer(below: 20))
            let step = 1e-5
            func slope(_ change: (inout Head, Double) -> Void) throws -> Double {
                var (up, down) = (head, head)
                change(&up, step)
                change(&down, -step)
                return try (up.loss(g1, g2) - down.loss(g1, g2)) / (2 * step)
            }
            let width = head.hidden[0].count
            for index in dHidden.indices {
                let expected = try slope { $0.hidden[index / width][index % width] += $1 }
                #expect(abs(Double(dHidden[index]) - expected) < 3e-5, "case \(number), hidden \(index)")
                worst = max(worst, abs(Double(dHidden[index]) - expected))
            }
            for index in dWeight.indices {
                let expected = try slope { $0.weight[index / width][index % width] += $1 }
                #expect(abs(Double(dWeight[index]) - expected) < 3e-5, "case \(number), weight \(index)")
                worst = max(worst, abs(Double(dWeight[index]) - expected))
            }
        }
        print("worst difference to finite differences: \(worst)")
    }

    @Test func `a thousand random heads follow the formula`() throws {
        var worst = 0.0
        for number in 0..<1000 {
            var random = RandomSource(21, case: number)
            let head = Head(
                &random, rows: 1 + random.integer(below: 5), width: 1 + random.integer(below: 6),
                vocabulary: 1 + random.integer(below: 60), temperature: [0.6, 1, 1.7][number % 3])
            let g1 = random.normals(head.hidden.count, deviation: 3)
            let g2 = random.normals(head.hidden.count, deviation: 3)
            let found = try head.gradient(g1, g2, tile: random.integer(below: 30))
            let expected = try head.formula(g1, g2)
            let scale = Double((g1 + g2).map(abs).max() ?? 0) + 1
            let error =
                max(
                    largestDifference(found.0, expected.hidden), largestDifference(found.1, expected.weight)) / scale
            #expect(error < 1e-5, "case \(number)")
            worst = max(worst, error)
        }
        print("worst gradient error relative to the largest upstream: \(worst)")
    }

    /// With unit hidden states ∂L/∂weight is ∂L/∂z itself. The saved log-sum-exp and mean logit are float32, so u - mu
    /// carries an absolute error of an ulp of the logits: relative to p (|g1| + |g2| (1 + |z|)) it is small, relative to
    /// S of a nearly certain token it is not.
    @Test(arguments: [0.0, 3, 10, 16, 24])
    func `every component of dz is right on flat and on nearly certain rows`(boost: Double) throws {
        var random = RandomSource(22, case: Int(boost))
        let vocabulary = 500
        for temperature in [1, 0.8] {
            var row = random.normals(vocabulary)
            row[77] += Float(boost)
            let p = try Categorical(logits: row.map(Double.init), temperature: temperature)
            for (id, g1, g2) in [(77, -1.5, 0.25), (3, 2, -0.5), (77, 1, 0), (3, 0, 1), (77, 0, -40), (499, -1000, 0)] {
                let dz = try withTorchErrors { () -> [Float] in
                    let (hidden, weight) = exactHead([row])
                    let ids = Tensor([Int64(id)])
                    let statistics = PolicyHeadKernels.statistics(
                        hidden: hidden, weight: weight, ids: ids, temperature: temperature, tile: 64)
                    return PolicyHeadKernels.gradient(
                        hidden: hidden, weight: weight, ids: ids, statistics: statistics, g1: [Float(g1)],
                        g2: [Float(g2)], temperature: temperature, tile: 64
                    ).weight.floats
                }
                let expected = p.lossGradient(g1: g1, g2: g2, of: id)
                let largest = Double(row.map(abs).max() ?? 0) / temperature
                for token in 0..<vocabulary {
                    let pull = token == id ? -expm1(p.logProbabilities[id]) : p.probabilities[token]
                    let size = abs(g1) * pull + abs(g2) * p.probabilities[token] * (1 + largest)
                    let error = abs(Double(dz[token]) - expected[token]) * temperature
                    #expect(
                        error <= 4e-6 * (1 + largest / 8) * size + 1e-37, "T \(temperature), id \(id), token \(token)")
                }
            }
        }
    }

    @Test func `rows without a gradient give zero rows and change no other`() throws {
        var random = RandomSource(23)
        let head = Head(&random, rows: 6, width: 7, vocabulary: 50, temperature: 1)
        let g1: [Float] = [0, 1.5, 0, -2, 0, 0]
        let g2: [Float] = [0, 0, 0, 0.5, -0.25, 0]
        let (dHidden, dWeight) = try head.gradient(g1, g2)
        for row in [0, 2, 5] { #expect(dHidden[(row * 7)..<(row * 7 + 7)].allSatisfy { $0 == 0 }) }
        for row in [1, 3, 4] { #expect(dHidden[(row * 7)..<(row * 7 + 7)].contains { $0 != 0 }) }
        #expect(largestDifference(dWeight, try head.formula(g1, g2).weight) < 2e-5)
        let none = try head.gradient([Float](repeating: 0, count: 6), [Float](repeating: 0, count: 6))
        #expect(none.0.allSatisfy { $0 == 0 } && none.1.allSatisfy { $0 == 0 })
        #expect(none.0.count == 42 && none.1.count == 350)
    }

    @Test func `more rows than one block, and a head in bfloat16`() throws {
        var random = RandomSource(24)
        var head = Head(&random, rows: 300, width: 6, vocabulary: 90, temperature: 1)
        let g1 = (0..<300).map { $0 % 3 == 0 ? 0 : random.normals(1)[0] }
        let g2 = (0..<300).map { $0 % 3 == 0 ? 0 : random.normals(1)[0] }
        let found = try head.gradient(g1, g2, tile: 40)
        let expected = try head.formula(g1, g2)
        #expect(largestDifference(found.0, expected.hidden) < 2e-5)
        #expect(largestDifference(found.1, expected.weight) < 1e-4, "300 float32 products are summed")
        // weights that bfloat16 holds exactly must not change anything
        head.weight = head.weight.map { $0.map { ($0 * 16).rounded() / 16 } }
        let wide = try head.gradient(g1, g2, tile: 40)
        let narrow = try head.gradient(g1, g2, tile: 40, bfloat16: true)
        #expect(wide.0 == narrow.0 && wide.1 == narrow.1)
    }
}
