// The random control: the right number, blind to everything, the same for the same seed.

import Algorithms
import Testing
import Trajectories

@Suite struct RandomDropTests {
    @Test func `a share is dropped, whatever the tokens are, and seed and update choose which`() throws {
        try forRandomCases(500, seed: 1) { random, number in
            let table = try BatchMaker(sequences: 6...12, length: 4...12).make(&random).table
            let share = random.uniform()
            let weights = RandomDropRule(share: share, seed: 3).weights(for: table)
            #expect(abs(Double(weights.count { $0 == 0 }) - share * Double(table.count)) <= 0.5, "case \(number)")
            let twin = try BatchMaker(sequences: 6...6, length: 9...9).make(&random).table
            let other = try BatchMaker(sequences: 6...6, length: 9...9).make(&random).table
            let rule = RandomDropRule(share: 0.5, seed: 3)
            #expect(rule.weights(for: twin) == rule.weights(for: other), "case \(number)")
            #expect(try rule.weights(for: twin) != rule.weights(for: twin.at(update: 1)), "case \(number)")
            #expect(rule.weights(for: twin) != RandomDropRule(share: 0.5, seed: 4).weights(for: twin))
        }
        let table = try BatchMaker().make(seed: 2).table
        #expect(try algorithm("name: random_drop, share: 0").coefficients(for: table).weight.allSatisfy { $0 == 1 })
        #expect(try algorithm("name: random_drop, share: 1").coefficients(for: table).g1.allSatisfy { $0 == 0 })
    }

    @Test func `over updates every token is dropped equally often`() throws {
        let table = try BatchMaker(sequences: 5...5, length: 8...8).make(seed: 5).table
        var counts = [Int](repeating: 0, count: table.count)
        for update in 0..<2_000 {
            let weights = RandomDropRule(share: 0.1).weights(for: try table.at(update: update))
            for token in weights.indices where weights[token] == 0 { counts[token] += 1 }
        }
        // 2,000 draws of a tenth: 200 ± 13.4
        #expect(counts.allSatisfy { abs($0 - 200) < 67 })
    }
}
