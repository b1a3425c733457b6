// Positive-advantage reweighting: λ on A > 0 alone, and the three schedules.

import Algorithms
import Testing
import Trajectories

@Suite struct PositiveAdvantageTests {
    @Test func `constant: weight 1 is GRPO, weight 0 silences what was rewarded, and half is half`() throws {
        try forRandomCases(300, seed: 1) { random, number in
            let table = try BatchMaker(staleness: 0.2).make(&random).table
            func g1(_ yaml: String) throws -> [Float] {
                var algorithm = try algorithm(yaml)
                let update = PendingUpdate(
                    index: 0, total: 10, tokens: table, entropy: 1, learningRate: 1, momentumMemory: 0)
                return try algorithm.plan(for: update).algorithm.coefficients(for: table).g1
            }
            let plain = try g1("name: grpo")
            let constant = "name: positive_advantage, schedule: constant"
            #expect(try g1("\(constant), weight: 1") == plain, "case \(number)")
            let (none, half) = (try g1("\(constant), weight: 0"), try g1(constant))
            for token in 0..<table.count {
                let isRewarded = table.advantage[token] > 0
                #expect(none[token] == (isRewarded ? 0 : plain[token]), "case \(number)")
                #expect(half[token] == (isRewarded ? plain[token] / 2 : plain[token]), "case \(number)")
            }
        }
    }

    private func weights(_ yaml: String, _ entropies: [Double], total: Int = 100, from start: Int = 0) throws
        -> [Double]
    {
        let table = try BatchMaker().make(seed: 1).table
        let plain = try algorithm("name: grpo").coefficients(for: table)
        var algorithm = try algorithm("name: positive_advantage, \(yaml)")
        return try entropies.enumerated().map { offset, entropy in
            let plan = try algorithm.plan(
                for: PendingUpdate(
                    index: start + offset, total: total, tokens: table, entropy: entropy, learningRate: 1,
                    momentumMemory: 0))
            let found = plan.algorithm.coefficients(for: table)
            let weight = try #require(found[metric: "positive_advantage/weight"])
            for token in 0..<table.count {
                let factor = table.advantage[token] > 0 ? weight : 1
                #expect(isClose(Double(found.g1[token]), factor * Double(plain.g1[token]), absolute: 1e-8))
            }
            return weight
        }
    }

    @Test func `guided by entropy it starts at 0 and steps up above the threshold, down below, within 0 and 1`() throws
    {
        let found = try weights("threshold: 0.5, step: 0.4", [1, 1, 1, 1, 0.4, 0.4, 0.4, 0.4, 0.5])
        let expected = [0, 0.4, 0.8, 1, 1, 0.6, 0.2, 0, 0]
        #expect(zip(found, expected).allSatisfy { isClose($0, $1, absolute: 1e-12) }, "\(found)")
    }

    @Test func `by stages it is 0 for half of the run and then rises to 1; by epochs it climbs in equal steps`() throws
    {
        for (index, expected) in [(0, 0.0), (50, 0), (75, 0.5), (99, 0.98)] {
            #expect(isClose(try weights("schedule: stages", [1], from: index)[0], expected))
        }
        for (index, expected) in [(0, 0.0), (24, 0), (25, 1 / 3.0), (74, 2 / 3.0), (75, 1), (99, 1)] {
            #expect(isClose(try weights("schedule: epochs, epochs: 4", [1], from: index)[0], expected))
        }
    }

    @Test func `a key of another schedule is refused`() {
        #expect(
            refusal("name: positive_advantage, schedule: stages, step: 0.1")?.contains("step is not a key here") == true
        )
    }
}
