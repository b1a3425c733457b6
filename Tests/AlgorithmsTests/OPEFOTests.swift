// OPEFO: after reweighting, predicted rises and falls of entropy balance.

import Algorithms
import Testing

@Suite struct OPEFOTests {
    @Test func `the reweighted batch is predicted to leave entropy as it is`() throws {
        let opefo = try algorithm("name: opefo, limit: 0.99")
        var balanced = 0
        try forRandomCases(seed: 1) { random, number in
            let table = try BatchMaker().make(&random).table
            let found = opefo.coefficients(for: table)
            let scale = try #require(found[metric: "flow_balance/scale"])
            #expect(found.weight.allSatisfy { $0 > 0 && $0 < 2 }, "case \(number)")
            guard abs(scale) < 0.98 else { return }
            balanced += 1
            let changes = found.predictedEntropyChange.map { Double($0) }
            let size = changes.reduce(0) { $0 + abs($1) }
            #expect(abs(changes.reduce(0, +)) <= 1e-6 * size, "case \(number)")
        }
        #expect(balanced > 800)
    }

    @Test func `limit 0 is GRPO, bit for bit, and a batch without flow is left alone`() throws {
        let table = try BatchMaker().make(seed: 5).table
        let none = try algorithm("name: opefo, limit: 0").coefficients(for: table)
        #expect(none.g1 == (try algorithm("name: grpo").coefficients(for: table).g1))
        let still = try BatchMaker(zeroFraction: 1).make(seed: 5).table
        #expect(try algorithm("name: opefo").coefficients(for: still).weight.allSatisfy { $0 == 1 })
    }
}
