// STARE: while entropy is below its target, the rarest tokens of each sign are reweighted.

import Algorithms
import Testing

@Suite struct STARETests {
    @Test func `below the target the rarest tenth of A over 0 weighs more, above it nothing does`() throws {
        let open = try algorithm("name: stare, target_entropy: 1e9, positive: 1.5, negative: 0.5")
        let closed = try algorithm("name: stare, target_entropy: 0, positive: 1.5, negative: 0.5")
        try forRandomCases(seed: 1) { random, number in
            let table = try BatchMaker().make(&random).table
            let weights = open.coefficients(for: table).weight
            for (sign, weight) in [(Float(1), Float(1.5)), (-1, 0.5)] {
                let side = (0..<table.count).filter { table.advantage[$0] * sign > 0 }
                let picked = side.filter { weights[$0] != 1 }
                let wanted = side.isEmpty ? 0 : max(1, Int((0.1 * Double(side.count) - 1e-6).rounded(.up)))
                #expect(picked.count == wanted && picked.allSatisfy { weights[$0] == weight }, "case \(number)")
                let rarest = side.filter { weights[$0] == 1 }.map { table.policyLogprob[$0] }.min() ?? 0
                #expect(picked.allSatisfy { table.policyLogprob[$0] <= rarest }, "case \(number)")
            }
            #expect(closed.coefficients(for: table).weight.allSatisfy { $0 == 1 }, "case \(number)")
        }
    }
}
