// Elliptical novelty against an explicit matrix inverse, and what it may not do.

import ConfigCoding
import Testing
import Trajectories

@testable import Algorithms

@Suite struct NoveltyBonusTests {
    private func tokens(_ random: inout RandomSource) -> [Int32] {
        (0..<(1 + random.integer(below: 6))).map { _ in Int32(random.integer(below: 4)) }
    }

    /// φᵀ (Σ φφᵀ + λI)⁻¹ φ with the features written out, the inverse built up by Sherman and Morrison's formula.
    private func leverages(_ completions: [[Int32]], ridge: Double, order: Int) -> [Double] {
        var names: [[Int32]] = []
        func grams(_ tokens: [Int32]) -> [[Int32]] {
            (1...order).flatMap { length in
                tokens.count < length ? [] : (0...(tokens.count - length)).map { Array(tokens[$0..<$0 + length]) }
            }
        }
        for gram in completions.flatMap(grams) where !names.contains(gram) { names.append(gram) }
        let features = completions.map { completion -> [Double] in
            let counts = names.map { name in Double(grams(completion).count { $0 == name }) }
            let length = counts.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return counts.map { $0 / length }
        }
        var inverse = names.indices.map { row in names.indices.map { row == $0 ? 1 / ridge : 0 } }
        func times(_ vector: [Double]) -> [Double] {
            inverse.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
        }
        for feature in features {
            let image = times(feature)
            let scale = 1 + zip(feature, image).reduce(0) { $0 + $1.0 * $1.1 }
            for row in names.indices {
                for column in names.indices { inverse[row][column] -= image[row] * image[column] / scale }
            }
        }
        return features.map { feature in zip(feature, times(feature)).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    @Test func `the kernel form is the elliptical bonus with the features written out`() {
        forRandomCases(200, seed: 1) { random, number in
            let completions = (0..<(2 + random.integer(below: 6))).map { _ in tokens(&random) }
            let (ridge, order) = (0.1 + random.uniform(), 1 + random.integer(below: 3))
            let found = NoveltyBonus.novelty(of: completions, ridge: ridge, order: order)
            let expected = leverages(completions, ridge: ridge, order: order)
            for (a, b) in zip(found, expected) {
                #expect(isClose(a * a, b, absolute: 1e-9), "case \(number)")
                #expect(a >= 0 && a < 1, "case \(number)")
            }
        }
    }

    @Test func `what has been seen before is less novel, and the unlike one is the most novel`() {
        forRandomCases(100, seed: 2) { random, number in
            let others = (0..<3).map { _ in tokens(&random) }
            let own = tokens(&random)
            func novelty(_ copies: Int) -> Double {
                NoveltyBonus.novelty(of: others + [[Int32]](repeating: own, count: copies), ridge: 1, order: 2)[3]
            }
            #expect(novelty(1) > novelty(2) && novelty(2) > novelty(3), "case \(number)")
        }
        let values = NoveltyBonus.novelty(of: [[1, 2, 3], [1, 2, 3], [1, 2, 3], [7, 8, 9]], ridge: 1, order: 2)
        #expect(values[3] > values[0] && values[0] == values[1])
        // three copies of one direction: 3 / (3 + λ) shared among them; alone: 1 / (1 + λ)
        #expect(
            isClose(values[0] * values[0], 0.25, absolute: 1e-12)
                && isClose(values[3] * values[3], 0.5, absolute: 1e-12))
    }

    @Test func `only correct answers are ranked, the reward's mean stays, and right beats wrong`() throws {
        try forRandomCases(200, seed: 3) { random, number in
            let group = (0..<8).map { _ in
                Outcome(reward: random.uniform() < 0.5 ? 1 : 0, tokens: tokens(&random))
            }
            let changes = NoveltyBonus(coefficient: 0.9).adjustments(for: group)
            #expect(isClose(changes.reduce(0, +), 0, absolute: 1e-12), "case \(number)")
            for (outcome, change) in zip(group, changes) {
                if outcome.isCorrect { #expect(1 + change > 0, "case \(number)") } else { #expect(change == 0) }
            }
            // through a whole algorithm: advantages are GRPO's of the changed rewards
            let novel = try algorithm("name: grpo, novelty_bonus: 0.9")
            var changed = group
            for index in group.indices { changed[index].reward += changes[index] }
            let expected = try algorithm("name: grpo").advantages(of: [changed])
            #expect(try novel.advantages(of: [group]) == expected, "case \(number)")
        }
        let alike = [Outcome(reward: 1, tokens: [1, 2]), Outcome(reward: 1, tokens: [1, 2])]
        #expect(try algorithm("name: grpo, novelty_bonus: 0.5").advantages(of: [alike]) == [[0, 0]])
        #expect(throws: ConfigError.self) { try algorithm("name: grpo, novelty_order: 2") }
    }
}
