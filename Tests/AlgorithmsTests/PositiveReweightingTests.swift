// Positive-advantage reweighting: between GRPO and learning from mistakes alone.

import Algorithms
import Testing

@Suite struct PositiveReweightingTests {
    @Test func `weight 1 is GRPO, weight 0 silences what was rewarded, and half is half`() throws {
        try forRandomCases(300, seed: 1) { random, number in
            let table = try BatchMaker(staleness: 0.2).make(&random).table
            func g1(_ yaml: String) throws -> [Float] { try algorithm(yaml).coefficients(for: table).g1 }
            let plain = try g1("name: grpo")
            #expect(try g1("name: positive_reweighting, weight: 1") == plain, "case \(number)")
            let (none, half) = (
                try g1("name: positive_reweighting, weight: 0"), try g1("name: positive_reweighting, weight: 0.5")
            )
            for token in 0..<table.count {
                let isRewarded = table.advantage[token] > 0
                #expect(none[token] == (isRewarded ? 0 : plain[token]), "case \(number)")
                #expect(half[token] == (isRewarded ? plain[token] / 2 : plain[token]), "case \(number)")
            }
        }
        #expect(refusal("name: positive_reweighting, weight: 1.5")?.contains("must lie in 0...1") == true)
    }
}
