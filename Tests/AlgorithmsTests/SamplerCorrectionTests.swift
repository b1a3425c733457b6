// Importance weights between sampler and trainer: what they are, and what they never do.

import Algorithms
import Foundation
import Testing
import Trajectories

@Suite struct SamplerCorrectionTests {
    private static let kinds = SamplerCorrection.Kind.allCases

    @Test(arguments: kinds) func `where sampler and trainer agree every weight is 1`(kind: SamplerCorrection.Kind)
        throws
    {
        let corrected = try algorithm("name: grpo, sampler_correction: \(kind.rawValue)")
        let plain = try algorithm("name: grpo")
        try forRandomCases(200, seed: 1) { random, number in
            let table = try BatchMaker(staleness: 0.3).make(&random).table
            let found = corrected.coefficients(for: table)
            #expect(found.weight.allSatisfy { $0 == 1 }, "case \(number)")
            #expect(found.g1 == plain.coefficients(for: table).g1, "case \(number)")
            #expect(found[metric: "sampler_correction/effective_share"].map { isClose($0, 1) } == true)
        }
    }

    @Test(arguments: kinds) func `weights are those of the definition`(kind: SamplerCorrection.Kind) throws {
        let (low, high) = kind == .geometricMasked ? (0.9, 1.1) : (0.5, 1.5)
        let rule = SamplerCorrection(kind: kind, smallest: low, largest: high)
        var masked = 0
        try forRandomCases(seed: 2) { random, number in
            let table = try BatchMaker(mismatch: 0.3).make(&random).table
            let weights = rule.weights(for: table)
            let gaps = (0..<table.count).map { Double(table.proximalLogprob[$0]) - Double(table.sampledLogprob[$0]) }
            for token in 0..<table.count {
                let own = gaps.indices.filter { table.sequence[$0] == table.sequence[token] }
                let product = exp(own.reduce(0) { $0 + gaps[$1] })
                let mean = exp(own.reduce(0) { $0 + gaps[$1] } / Double(own.count))
                let ratio = exp(gaps[token])
                let wanted: Double =
                    switch kind {
                    case .tokenTruncated: min(ratio, high)
                    case .sequenceTruncated: min(product, high)
                    case .tokenMasked: (low...high).contains(ratio) ? ratio : 0
                    case .sequenceMasked: (low...high).contains(product) ? product : 0
                    case .geometricMasked: (low...high).contains(mean) ? 1 : 0
                    }
                #expect(isClose(Double(weights[token]), wanted, absolute: 1e-6, relative: 1e-6), "case \(number)")
                if wanted == 0 { masked += 1 }
            }
        }
        #expect((masked > 100) == [.tokenMasked, .sequenceMasked, .geometricMasked].contains(kind))
    }

    @Test func `a masked completion has no gradient and stays in the denominator`() throws {
        let table = try TokenTable(
            policyLogprob: [-1, -1, -1], entropy: [1, 1, 1], discriminant: [0, 0, 0], expectedDiscriminant: [0, 0, 0],
            proximalLogprob: [-1, -1, -1], sampledLogprob: [-3, -1, -1], advantage: [1, 1, 1], sequence: [0, 0, 1],
            group: [0, 0, 0])
        let found = try algorithm("name: grpo, sampler_correction: sequence_masked").coefficients(for: table)
        #expect(found.g1 == [0, 0, Float(-1.0 / 3)])
    }

    @Test func `bounds that do nothing are refused`() {
        #expect(refusal("name: grpo, sampler_max: 3")?.contains("without sampler_correction") == true)
        #expect(
            refusal("name: grpo, sampler_correction: token_truncated, sampler_min: 0.5")?.contains("truncated") == true)
        #expect(refusal("name: grpo, sampler_correction: token")?.contains("must be one of token_truncated") == true)
    }
}
