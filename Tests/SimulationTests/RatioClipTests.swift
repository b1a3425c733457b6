// The ratio clip on tables: what it can and cannot remove, and that the experiments on it tell what their tables hold.

import Algorithms
import Testing

@testable import Simulation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct RatioClipTests {
    @Test(arguments: ClipTable.allCases)
    func `no token above 1 over 1.2 is clipped from above, on every seed`(table: ClipTable) throws {
        for seed in UInt64(1)...5 {
            for way in RatioClip.Way.allCases {
                let found = try RatioClip.Arm(way: way, table: table, strength: way.strengths[2]).tokens(seed: seed)
                // r = p' / p > 1.2 and p' ≤ 1; log-probabilities are Float.
                #expect(found.clipped.allSatisfy { !$0.isHigh || $0.probability <= 1 / 1.2 + 1e-6 })
                #expect(found.clipped.contains { $0.isHigh } && found.clipped.contains { !$0.isHigh })
            }
        }
    }

    @Test func `with one update per step no token is clipped and every pair of bounds trains alike`() throws {
        for seed in UInt64(1)...5 {
            let task = try ClipTable.flat.task(.values, seed: seed)
            let settings = ClipTable.settings(.sgd, 0.4, seed: seed).with { $0.updatesPerStep = 1 }
            #expect(try ClippedTokens.trained(task, settings).clipped.isEmpty)
            let ends = try ClipRange.bounds.map { bounds in
                var simulator = try Simulator(task, try bounds.algorithm(), settings)
                return try simulator.run().entropy
            }
            #expect(ends.allSatisfy { $0 == ends[0] })
        }
    }

    @Test func `rows that do not drift keep every token`() throws {
        for seed in UInt64(1)...5 {
            #expect(try ClippedTokens.drifted(ClipTable.peaked.task(.values, seed: seed), 0, seed: seed).share == 0)
        }
    }

    @Test func `histograms and quantiles count each clipped token once`() {
        var tokens = ClippedTokens()
        for p in [0.01, 0.04, 0.3, 0.5] {
            tokens.add(policyLogprob: log(p * 1.3), proximalLogprob: log(p), advantage: 1, centred: 0.5 - 2 * p)
            tokens.add(policyLogprob: log(p * 1.1), proximalLogprob: log(p), advantage: 1, centred: 1)
        }
        tokens.add(policyLogprob: log(0.07), proximalLogprob: log(0.1), advantage: -1, centred: -1)
        #expect(tokens.clipped.count == 5)
        #expect(abs(tokens.share - 5.0 / 9) < 1e-12)
        #expect(tokens.histogram(high: true) == [0.5, 0, 0, 0, 0.25, 0.25, 0, 0])
        #expect(abs(tokens.quantile(0.5) - 0.1) < 1e-12 && abs(tokens.quantile(0.95) - 0.5) < 1e-12)
        #expect(tokens.negativeShare(high: true) == 0.5 && tokens.negativeShare(high: false) == 1)
    }

    @Test func `the result of ratio-clip has a row per set-up and shares that add up`() throws {
        let result = try RatioClip.run(seeds: 1)
        #expect(result.findings.count == 6 && result.panels.count == 4)
        #expect(result.tables.first?.rowNames?.count == RatioClip.arms.count)
        for table in result.tables.dropFirst() {
            for column in table.columns {
                #expect(abs(column.values.reduce(0) { $0 + ($1 ?? .nan) } - 1) < 1e-9, "\(table.name) \(column.name)")
            }
        }
    }

    @Test func `a bound that is not there clips nothing`() throws {
        let result = try ClipRange.run(seeds: 1)
        #expect(result.findings.count == 9 && result.panels.count == 4)
        let table = try #require(result.tables.first)
        let columns = Dictionary(uniqueKeysWithValues: table.columns.map { ($0.name, $0.values) })
        let (low, high) = (try #require(columns["clipped_low_share"]), try #require(columns["clipped_high_share"]))
        for (row, name) in (table.rowNames ?? []).enumerated() {
            if name.hasPrefix("clip-free") || name.hasPrefix("high alone") { #expect(low[row] == 0) }
            if name.hasPrefix("clip-free") || name.hasPrefix("low alone") { #expect(high[row] == 0) }
        }
    }
}
