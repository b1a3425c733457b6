// Dr.GRPO: no division by a deviation, one fixed length for every completion.

import Algorithms
import Testing

@Suite struct DrGRPOTests {
    @Test func `advantages are rewards minus their mean, and the denominator is completions times a length`() throws {
        let dr = try algorithm("name: dr_grpo, fixed_length: 40")
        #expect(dr.credit.advantages(twoOfEight) == [0.75, -0.25, -0.25, 0.75, -0.25, -0.25, -0.25, -0.25])
        let table = try BatchMaker().make(seed: 1).table
        let completions = Double(Set(table.sequence).count)
        let found = dr.coefficients(for: table)
        for token in 0..<table.count {
            #expect(
                isClose(Double(found.g1[token]), -Double(table.advantage[token]) / (completions * 40), absolute: 1e-7))
        }
        #expect(refusal("name: dr_grpo, aggregation: token_mean")?.contains("not a key here") == true)
    }
}
