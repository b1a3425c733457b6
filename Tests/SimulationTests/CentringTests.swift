// Batch means of drawn tokens have the moments they should, and so the centring experiment its rates and levels.

import EntropyDynamics
import Testing
import Trajectories

@testable import Simulation

@Suite struct CentringTests {
    @Test func `the rate on policy, the bias off policy and the ratios' cure hold on every seed`() throws {
        let result = try CentringCheck.run(seeds: 5)
        #expect(result.findings.count == 8)
        // The first four and the noise along a run are theorems; the rest is the paper's observation.
        for finding in result.findings[0..<4] + [result.findings[6]] {
            #expect(finding.holds, "\(finding.claim): \(finding.measured)")
        }
        for table in result.tables {
            let rows = Set(table.columns.map(\.values.count))
            #expect(rows.count == 1)
        }
    }

    @Test func `a batch mean of a drawn token's indicator has the binomial's second moment`() throws {
        try forRandomRows(20) { random, number in
            let rows = try (0..<8).map { _ in try randomRow(&random, vocabulary: 5) }
            let token = random.integer(below: 5)
            let indicator = (0..<40).map { $0 % 5 == token ? SIMD4<Double>(repeating: 1) : .zero }
            let means = BatchMeans(rows, indicator, smallest: 1 << 14, doublings: 3, seed: UInt64(number))
            #expect(means.tokens == [8, 16, 32, 64] && means.batches == [16384, 8192, 4096, 2048])
            let p = rows.map { $0.probabilities[token] }
            let mean = p.reduce(0, +) / 8
            let variance = p.reduce(0) { $0 + $1 * (1 - $1) } / 8
            for size in 0...3 {
                let expected = mean * mean + variance / Double(means.tokens[size])
                // Five standard errors of a squared mean, whose deviation is about 2 mean √(variance / n) + variance / n.
                let deviation = (variance / Double(means.tokens[size])).squareRoot()
                let error = (2 * mean + 2 * deviation) * deviation / Double(means.batches[size]).squareRoot()
                #expect((means.meanSquares[size].x - expected).magnitude < 5 * error + 1e-9)
            }
        }
    }

    @Test func `tokens without alternative are drawn always`() throws {
        let rows = try (0..<4).map { row in
            try Categorical(logits: (0..<3).map { $0 == row % 3 ? 0 : -.infinity })
        }
        let values = (0..<12).map { SIMD4<Double>(repeating: Double($0)) }
        let means = BatchMeans(rows, values, smallest: 8, doublings: 3, seed: 1)
        let mean = Double(0 + 4 + 8 + 9) / 4
        for square in means.meanSquares { #expect((square.x - mean * mean).magnitude < 1e-12) }
    }
}
