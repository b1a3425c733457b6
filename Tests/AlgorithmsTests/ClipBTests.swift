// Clip_B on a mini-batch small enough to compute by hand.

import Algorithms
import ConfigCoding
import Testing

struct ClipBTests {
    /// S is 0.1 nine times and −0.5 once: mean 0.04, σ 0.18, and the outlier lies exactly 3 σ below.
    private func weights(_ options: String, outlierAdvantage: Float) throws -> [Float] {
        let section = try ConfigSection.parse("name: clip_b\n" + options, name: "test")
        let algorithm = try AlgorithmCatalogue.algorithm(from: section)
        try section.finish()
        let table = try TokenTable(outlier: -0.5, among: 0.1, expected: 0, advantage: outlierAdvantage)
        return algorithm.coefficients(for: table).weight
    }

    @Test func `an outlier is dropped on the inner side of its distance and kept beyond`() throws {
        #expect(try weights("mu_neg: 2.9", outlierAdvantage: -1) == [Float](repeating: 1, count: 9) + [0])
        #expect(try weights("mu_neg: 3.1", outlierAdvantage: -1) == [Float](repeating: 1, count: 10))
    }

    @Test func `sign-aware, a rewarded token is not tested on the lower side`() throws {
        #expect(try weights("mu_neg: 2.9", outlierAdvantage: 1) == [Float](repeating: 1, count: 10))
        #expect(try weights("mu_neg: 2.9\nadvantages: all", outlierAdvantage: 1).last == 0)
    }
}

extension TokenTable {
    /// Nine tokens with S = `value` and one outlier, all with E[S] = `expected`, on-policy.
    init(outlier: Float, among value: Float, expected: Float, advantage: Float) throws {
        let unit = [Float](repeating: -1, count: 10)
        try self.init(
            policyLogprob: unit, entropy: unit.map { -$0 },
            discriminant: [Float](repeating: value, count: 9) + [outlier],
            expectedDiscriminant: [Float](repeating: expected, count: 10), proximalLogprob: unit, sampledLogprob: unit,
            advantage: [Float](repeating: -advantage, count: 9) + [advantage],
            sequence: (0..<10).map { Int32($0) }, group: [Int32](repeating: 0, count: 10))
    }
}
