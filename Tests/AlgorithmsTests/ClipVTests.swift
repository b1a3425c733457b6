// Clip_V on a mini-batch small enough to compute by hand.

import Algorithms
import ConfigCoding
import Testing

struct ClipVTests {
    /// C = S − E[S] is 0 nine times and −0.6 once: σ 0.18 about the mean −0.06, and −0.6 is 3⅓ σ from zero, not from the mean.
    private func weights(_ options: String, outlierAdvantage: Float) throws -> [Float] {
        let section = try ConfigSection.parse("name: clip_v\n" + options, name: "test")
        let algorithm = try AlgorithmCatalogue.algorithm(from: section)
        try section.finish()
        let table = try TokenTable(outlier: -0.5, among: 0.1, expected: 0.1, advantage: outlierAdvantage)
        return algorithm.coefficients(for: table).weight
    }

    @Test func `the interval is about zero unless centred`() throws {
        #expect(try weights("mu_neg: 3.3", outlierAdvantage: -1).last == 0)
        #expect(try weights("mu_neg: 3.4", outlierAdvantage: -1).last == 1)
        // centred, the outlier is 3 σ from the mean
        #expect(try weights("mu_neg: 3.1\ncentre: true", outlierAdvantage: -1).last == 1)
        #expect(try weights("mu_neg: 2.9\ncentre: true", outlierAdvantage: -1).last == 0)
    }

    @Test func `sign-aware, a rewarded token is not tested on the lower side`() throws {
        #expect(try weights("mu_neg: 2", outlierAdvantage: 1) == [Float](repeating: 1, count: 10))
    }
}
