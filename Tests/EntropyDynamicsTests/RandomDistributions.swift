// Seeded random rows of logits for properties, and how close two numbers must be.

import EntropyDynamics
import Trajectories

/// A random row of logits: flat, peaked and nearly one-hot ones all occur.
func randomLogits(_ random: inout RandomSource, sizes: ClosedRange<Int> = 2...40, spreads: [Double] = [0.1, 1, 3, 8])
    -> [Double]
{
    let size = sizes.lowerBound + random.integer(below: sizes.count)
    let spread = spreads[random.integer(below: spreads.count)]
    let offset = random.normalPair().0 * 5
    return (0..<size).map { _ in random.normalPair().0 * spread + offset }
}

/// A token drawn from the distribution.
func drawToken(_ random: inout RandomSource, from distribution: Categorical) -> Int {
    var left = random.uniform()
    for (token, p) in distribution.probabilities.enumerated() {
        left -= p
        if left < 0 { return token }
    }
    return distribution.vocabulary - 1
}

/// Runs a property on `count` seeded streams; a failure names the case.
func forRandomCases(
    _ count: Int = 1_000, seed: UInt64, _ body: (inout RandomSource, Int) throws -> Void
) rethrows {
    for number in 0..<count {
        var random = RandomSource(seed: seed, purpose: .testing, step: number)
        try body(&random, number)
    }
}

/// |a − b| ≤ absolute + relative · max(|a|, |b|).
func isClose(_ a: Double, _ b: Double, absolute: Double = 1e-13, relative: Double = 0) -> Bool {
    abs(a - b) <= absolute + relative * max(abs(a), abs(b))
}
