// What the simulation tests share: random small tasks and settings, and algorithms from the catalogue.

import Algorithms
import ConfigCoding
import Simulation
import Trajectories

/// Algorithms of every kind of part, rules, denominators, ratio clips and entropy bonuses, and all of the catalogue.
let variedAlgorithms =
    [
        "{name: grpo}", "{name: grpo, aggregation: sequence_mean, clip_high: 0.28}",
        "{name: grpo, entropy_coefficient: 0.3}", "{name: grpo, normalise_std: false, dual_clip: 2}",
        "{name: clip_b, mu_neg: 1, mu_pos: 1}", "{name: clip_v, mu_neg: 0.5, mu_pos: 0.5, entropy_coefficient: -0.1}",
        "{name: clip_v, preset: trinity, mu_neg: 0.5, max_frac: 0.1}",
    ] + AlgorithmCatalogue.names.map { "{name: \($0)}" }

func algorithm(_ yaml: String) throws -> Algorithm {
    let section = try ConfigSection.parse(yaml, name: "test")
    let algorithm = try AlgorithmCatalogue.algorithm(from: section)
    try section.finish()
    return algorithm
}

/// A task of at most 4 prompts, 5 tokens and 3 positions.
func randomTask(_ random: inout RandomSource, reward: TableReward = .values) throws -> TableTask {
    let length = 1 + random.integer(below: 3)
    return try TableTask.random(
        prompts: 1 + random.integer(below: 4), vocabulary: 2 + random.integer(below: 4), length: length,
        solutions: 1 + random.integer(below: 2), spread: [0.3, 1, 2.5][random.integer(below: 3)], reward: reward,
        seed: random.next())
}

func forRandomCases(
    _ count: Int = 1_000, seed: UInt64, _ body: (inout RandomSource, Int) throws -> Void
) rethrows {
    for number in 0..<count {
        var random = RandomSource(seed: seed, purpose: .testing, step: number)
        try body(&random, number)
    }
}

func isClose(_ a: Double, _ b: Double, absolute: Double = 1e-12, relative: Double = 0) -> Bool {
    abs(a - b) <= absolute + relative * max(abs(a), abs(b))
}
