// Random softmax rows for properties that hold on every one.

import EntropyDynamics
import Trajectories

/// Runs a property on `count` seeded streams.
func forRandomRows(_ count: Int, _ body: (inout RandomSource, Int) throws -> Void) rethrows {
    for number in 0..<count {
        var random = RandomSource(seed: 7, purpose: .testing, step: number)
        try body(&random, number)
    }
}

/// Normal logits of deviation 0.5, 1 or 2.
func randomRow(_ random: inout RandomSource, vocabulary: Int) throws -> Categorical {
    let spread = [0.5, 1, 2][random.integer(below: 3)]
    return try Categorical(logits: (0..<vocabulary).map { _ in random.normalPair().0 * spread })
}
