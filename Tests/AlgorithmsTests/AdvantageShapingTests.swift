// Token-level advantages: entropy, perplexity and position shaping, each against its formula and its traps.

import Algorithms
import Foundation
import Testing
import Trajectories

@Suite struct AdvantageShapingTests {
    static let settings = [
        "name: entropy_advantage", "name: perplexity_shaping, alpha: 0.7", "name: position_shaping, gamma: 0.4",
        "name: perplexity_shaping, alpha: 5, standardise: group",
    ]

    private func shaped(_ yaml: String, _ table: TokenTable) throws -> [Float] {
        try #require(try algorithm(yaml).shapings.first).advantages(for: table)
    }

    @Test(arguments: settings) func `no shaping turns an advantage over or makes one out of nothing`(yaml: String)
        throws
    {
        try forRandomCases(seed: 1) { random, number in
            let table = try BatchMaker().make(&random).table
            for (after, before) in zip(try shaped(yaml, table), table.advantage) {
                #expect(after.sign(of: before), "\(yaml), case \(number)")
            }
        }
    }

    @Test(arguments: ["entropy_advantage, alpha: 0", "perplexity_shaping, alpha: 0", "position_shaping, gamma: 0"])
    func `without strength a shaping is GRPO`(options: String) throws {
        let table = try BatchMaker(staleness: 0.2).make(seed: 2).table
        let found = try algorithm("name: " + options).coefficients(for: table)
        #expect(try found.g1 == algorithm("name: grpo").coefficients(for: table).g1)
    }

    @Test func `the entropy-based advantage adds the smaller of two bounds, and both occur`() throws {
        var (byEntropy, byAdvantage) = (0, 0)
        try forRandomCases(200, seed: 3) { random, number in
            let table = try BatchMaker().make(&random).table
            let found = try shaped("name: entropy_advantage, alpha: 0.3, kappa: 3", table)
            for token in 0..<table.count {
                let (h, a) = (0.3 * Double(table.entropy[token]), Double(table.advantage[token]))
                #expect(isClose(Double(found[token]), a + min(h, abs(a) / 3), absolute: 1e-6), "case \(number)")
                if h < abs(a) / 3 { byEntropy += 1 } else if a != 0 { byAdvantage += 1 }
            }
        }
        #expect(byEntropy > 100 && byAdvantage > 100)
    }

    @Test(arguments: [false, true])
    func `perplexities are standardised, and likely completions are credited more`(withinGroups: Bool) throws {
        try forRandomCases(300, seed: 4) { random, number in
            let table = try BatchMaker(zeroFraction: 0).make(&random).table
            let yaml = "name: perplexity_shaping, alpha: 0.01, standardise: \(withinGroups ? "group" : "batch")"
            let found = try shaped(yaml, table)
            // w of each completion, read back from its factor 1 − α w
            let w = table.completions.map { (1 - Double(found[$0[0]]) / Double(table.advantage[$0[0]])) / 0.01 }
            let logs = table.completions.map { rows in
                -rows.reduce(0) { $0 + Double(table.policyLogprob[$1]) } / Double(rows.count)
            }
            let sets = Dictionary(grouping: w.indices) { withinGroups ? table.group[table.completions[$0][0]] : 0 }
            for members in sets.values where members.count > 1 {
                let n = Double(members.count)
                #expect(isClose(members.reduce(0) { $0 + w[$1] } / n, 0, absolute: 1e-3), "case \(number)")
                #expect(isClose(members.reduce(0) { $0 + w[$1] * w[$1] } / n, 1, absolute: 1e-3), "case \(number)")
                for a in members {
                    for b in members where logs[a] > logs[b] + 1e-3 { #expect(w[a] > w[b], "case \(number)") }
                }
            }
        }
    }

    @Test func `the position bonus grows along a completion and stays within half the advantage`() throws {
        try forRandomCases(300, seed: 5) { random, number in
            let table = try BatchMaker().make(&random).table
            let found = try shaped("name: position_shaping, gamma: 0.3", table)
            for rows in table.completions where table.advantage[rows[0]] != 0 {
                let bonus = rows.map { abs(Double(found[$0])) - abs(Double(table.advantage[$0])) }
                let bound = abs(Double(table.advantage[rows[0]])) / 2
                #expect(bonus.allSatisfy { $0 > 0 && $0 <= bound + 1e-6 }, "case \(number)")
                #expect(zip(bonus, bonus.dropFirst()).allSatisfy { $0 <= $1 + 1e-6 }, "case \(number)")
                let last = min(0.3 / (1 + exp(-4)), bound)
                #expect(isClose(bonus[bonus.count - 1], last, absolute: 1e-6), "case \(number)")
            }
        }
    }

    @Test func `rules, surrogate and flows see the shaped advantages, and the change is reported`() throws {
        let table = try BatchMaker(zeroFraction: 0).make(seed: 6).table
        let found = try algorithm("name: entropy_advantage, kappa: 1.5").coefficients(for: table)
        let after = try shaped("name: entropy_advantage, kappa: 1.5", table)
        #expect(found.g1 == after.map { Float(-Double($0) * (1 / Double(table.count))) })
        let change = zip(after, table.advantage).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) }
        let reported = try #require(found[metric: "entropy_advantage/change_mean"])
        #expect(isClose(reported, change / Double(table.count), absolute: 1e-12) && reported > 0)
    }
}

extension Float {
    fileprivate func sign(of other: Float) -> Bool { self > 0 && other > 0 || self < 0 && other < 0 || self == other }
}
