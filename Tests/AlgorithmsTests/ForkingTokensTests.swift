// 80/20: the highest entropies stay, as many as asked for.

import Algorithms
import Testing
import Trajectories

@Suite struct ForkingTokensTests {
    @Test func `the share of highest entropy is kept, whatever the order of completions`() throws {
        try forRandomCases(seed: 1) { random, number in
            let table = try BatchMaker().make(&random).table
            let share = random.uniform()
            let weights = HighEntropyRule(share: share).weights(for: table)
            let kept = weights.count { $0 == 1 }
            #expect(abs(Double(kept) - max(1, share * Double(table.count))) <= 0.5, "case \(number)")
            let lowest = zip(weights, table.entropy).filter { $0.0 == 1 }.map(\.1).min() ?? 0
            let highest = zip(weights, table.entropy).filter { $0.0 == 0 }.map(\.1).max() ?? 0
            #expect(lowest >= highest, "case \(number)")
        }
    }

    @Test func `share 1 is GRPO, and the denominator says how hard the kept ones push`() throws {
        let table = try BatchMaker().make(seed: 4).table
        let grpo = try algorithm("name: grpo").coefficients(for: table)
        #expect(try algorithm("name: forking_tokens, share: 1").coefficients(for: table).g1 == grpo.g1)
        let paper = try algorithm("name: forking_tokens").coefficients(for: table)
        let trl = try algorithm("name: forking_tokens, denominator: all").coefficients(for: table)
        let kept = Double(paper.weight.count { $0 == 1 })
        for token in 0..<table.count where paper.weight[token] == 1 {
            let ratio = Double(table.count) / kept
            #expect(isClose(Double(paper.g1[token]), ratio * Double(trl.g1[token]), absolute: 1e-7, relative: 1e-5))
        }
    }
}
