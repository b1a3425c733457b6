// The streamed accumulators against the definitions: any order, any tiling, extreme rows.

import Foundation
import Testing
import Trajectories

@testable import EntropyDynamics

@Suite struct StreamingStatisticsTests {
    func expectEqual(
        _ statistics: TokenStatistics?, _ p: Categorical, _ token: Int, tolerance: Double = 1e-11, _ label: String
    ) throws {
        let found = try #require(statistics)
        let pairs: [(String, Double, Double)] = [
            ("log p", found.logprob, p.logProbabilities[token]), ("H", found.entropy, p.entropy),
            ("S", found.discriminant, p.discriminant(of: token)),
            ("E[S]", found.expectedDiscriminant, p.expectedDiscriminant),
            ("Var[S]", found.varianceDiscriminant, p.varianceDiscriminant), ("Σp²", found.collision, p.collision),
            ("ΣS²", found.squaredDiscriminant, p.squaredDiscriminant), ("Var[log p]", found.varentropy, p.varentropy),
        ]
        for (name, a, b) in pairs {
            #expect(isClose(a, b, absolute: 1e-15, relative: tolerance), "\(label): \(name) \(a) against \(b)")
        }
    }

    @Test func `streaming equals the definitions`() throws {
        try forRandomCases(seed: 31) { random, number in
            let logits = randomLogits(&random, sizes: 1...60)
            let temperature = 0.3 + 2 * random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            let token = random.integer(below: logits.count)
            var stream = StreamingStatistics(temperature: temperature)
            stream.add(contentsOf: logits)
            try expectEqual(
                stream.statistics(tokenLogit: logits[token]), p, token, tolerance: 1e-9, "case \(number)")
        }
    }

    @Test func `any tiling, any order and any grouping of partial sums give the same statistics`() throws {
        try forRandomCases(seed: 32) { random, number in
            let logits = randomLogits(&random, sizes: 3...60)
            let token = random.integer(below: logits.count)
            var whole = StreamingStatistics()
            whole.add(contentsOf: logits)
            var parts: [StreamingStatistics] = []
            for logit in logits.shuffled(using: &random) {
                if parts.isEmpty || random.uniform() < 0.3 { parts.append(StreamingStatistics()) }
                parts[parts.count - 1].add(logit)
            }
            // Merge random pairs until one is left: a random bracketing.
            while parts.count > 1 {
                let other = parts.remove(at: random.integer(below: parts.count))
                parts[random.integer(below: parts.count)].merge(other)
            }
            let a = try #require(whole.statistics(tokenLogit: logits[token]))
            let b = try #require(parts[0].statistics(tokenLogit: logits[token]))
            #expect(isClose(a.entropy, b.entropy, absolute: 1e-15, relative: 1e-12), "case \(number)")
            #expect(isClose(a.logSumExp, b.logSumExp, absolute: 1e-14, relative: 1e-14), "case \(number)")
            #expect(isClose(a.discriminant, b.discriminant, absolute: 1e-15, relative: 1e-10), "case \(number)")
            #expect(
                isClose(a.expectedDiscriminant, b.expectedDiscriminant, absolute: 1e-15, relative: 1e-10),
                "case \(number)")
            #expect(
                isClose(a.varianceDiscriminant, b.varianceDiscriminant, absolute: 1e-15, relative: 1e-8),
                "case \(number)")
            #expect(isClose(a.collision, b.collision, absolute: 1e-15, relative: 1e-12), "case \(number)")
        }
    }

    @Test func `an empty part changes nothing and an empty row has no statistics`() throws {
        var stream = StreamingStatistics()
        #expect(stream.statistics(tokenLogit: 0) == nil)
        stream.add(-.infinity)
        #expect(stream.statistics(tokenLogit: 0) == nil)
        stream.add(contentsOf: [1, 2, -.infinity])
        var merged = StreamingStatistics()
        merged.merge(stream)
        merged.merge(StreamingStatistics())
        #expect(merged == stream)
        try expectEqual(merged.statistics(tokenLogit: 2), Categorical(logits: [1, 2]), 1, "with empty parts")
    }

    static let hardRows: [[Double]] = [
        [5, 5, 5, 5], [1e4, 1e4, -1e4], [-1e4, -1e4 + 1], [0, 0, 40], [40, 0, 0, 0], [0, 40, 0], [7],
        [0, 9.21], [0, 13.8155], [0, 20.723],
    ]

    @Test(arguments: hardRows)
    func `ties at the top, far offsets and nearly certain tokens keep their digits`(logits: [Double]) throws {
        let p = try Categorical(logits: logits)
        for token in logits.indices {
            var forward = StreamingStatistics()
            forward.add(contentsOf: logits)
            try expectEqual(forward.statistics(tokenLogit: logits[token]), p, token, "forward")
            var backward = StreamingStatistics()
            backward.add(contentsOf: logits.reversed())
            try expectEqual(backward.statistics(tokenLogit: logits[token]), p, token, "backward")
        }
    }

    @Test func `a vocabulary of realistic size keeps its digits`() throws {
        var random = RandomSource(seed: 33, purpose: .testing)
        for spread in [0.0, 1, 3, 6] {
            let logits = (0..<151_936).map { _ in random.normalPair().0 * spread + 20 }
            let p = try Categorical(logits: logits)
            var stream = StreamingStatistics()
            for start in stride(from: 0, to: logits.count, by: 1_000) {
                var tile = StreamingStatistics()
                tile.add(contentsOf: logits[start..<min(start + 1_000, logits.count)])
                stream.merge(tile)
            }
            let found = try #require(stream.statistics(tokenLogit: logits[17]))
            #expect(isClose(found.entropy, p.entropy, absolute: 0, relative: 1e-12))
            #expect(isClose(found.expectedDiscriminant, p.expectedDiscriminant, absolute: 1e-14, relative: 1e-10))
            #expect(isClose(found.varianceDiscriminant, p.varianceDiscriminant, absolute: 1e-14, relative: 1e-9))
        }
    }

    @Test func `gradient rows equal forward-mode derivatives`() throws {
        try forRandomCases(seed: 34) { random, number in
            let logits = randomLogits(&random, sizes: 2...10)
            let temperature = 0.5 + random.uniform()
            let p = try Categorical(logits: logits, temperature: temperature)
            let token = random.integer(below: logits.count)
            let (g1, g2) = random.normalPair()
            var stream = StreamingStatistics(temperature: temperature)
            stream.add(contentsOf: logits)
            let statistics = try #require(stream.statistics(tokenLogit: logits[token]))
            let loss = p.lossGradient(g1: g1, g2: g2, of: token)
            for index in logits.indices {
                let dual = DualStatistics(logits, temperature: temperature, token: token, moving: index)
                #expect(isClose(p.gradientOfLogprob(of: token)[index], dual.logprob.slope), "case \(number)")
                #expect(isClose(p.gradientOfEntropy()[index], dual.entropy.slope), "case \(number)")
                #expect(isClose(p.gradientOfDiscriminant(of: token)[index], dual.discriminant.slope), "case \(number)")
                #expect(isClose(p.gradientOfExpectedDiscriminant()[index], dual.expected.slope), "case \(number)")
                #expect(isClose(p.gradientOfVarianceDiscriminant()[index], dual.variance.slope), "case \(number)")
                let streamed = statistics.lossGradient(
                    logit: logits[index], isToken: index == token, g1: g1, g2: g2, temperature: temperature)
                #expect(isClose(streamed, loss[index]), "case \(number)")
                #expect(isClose(loss[index], g1 * dual.logprob.slope + g2 * dual.entropy.slope), "case \(number)")
            }
        }
    }
}
