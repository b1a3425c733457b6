// Thresholds too wide to drop anything are GRPO; masks that know the sign of A raise entropy.

import Testing

@testable import Simulation

@Suite struct MuSweepTests {
    @Test(arguments: [TableReward.values, .bernoulli(0.5)])
    func `a threshold that drops nothing is GRPO, one that drops much ends above it`(reward: TableReward) throws {
        let lines = try MuSweepLine.all(reward: reward, mus: [0.5, 1e6], seeds: 5)
        #expect(lines.count == 7)
        let plain = try #require(lines.first?.ends.first)
        for line in lines.dropFirst() {
            let mask = try #require(line.rule?.mask)
            for seed in 0..<5 {
                #expect(line.ends[1][seed].dropped == 0)
                #expect(line.ends[1][seed].entropy == plain[seed].entropy)
                #expect(line.ends[0][seed].dropped > 0.1)
                // Where A means nothing, a mask that does not see its sign moves entropy neither way at first order.
                guard mask != .twoSided || reward == .values else { continue }
                #expect(line.ends[0][seed].entropy > plain[seed].entropy + 0.1, "\(line.name), seed \(seed + 1)")
            }
        }
    }

    @Test func `the experiment has a finding for every line and a row for every arm`() throws {
        let result = try MuSweep.run(seeds: 1)
        #expect(result.findings.count == 10 && result.panels.count == 3)
        let rows = result.tables.map { $0.rowNames?.count ?? 0 }
        #expect(rows == [43, 25])
    }
}
