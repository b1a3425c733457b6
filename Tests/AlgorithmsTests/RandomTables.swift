// Random mini-batches of a softmax table: every token has its own row of logits, so every prediction can be checked.

import Algorithms
import ConfigCoding
import EntropyDynamics
import Trajectories

/// A mini-batch together with the distributions it came from.
struct TabularBatch {
    var table: TokenTable
    /// One row of logits per token.
    var logits: [[Double]]
    /// The sampled token of each row.
    var tokens: [Int]
}

/// Seeded random mini-batches.
struct BatchMaker {
    var sequences = 3...12
    var length = 1...12
    /// How far the policy has moved from the proximal policy, in nats.
    var staleness = 0.0
    /// How far the sampler's log-probabilities are from the proximal ones, in nats.
    var mismatch = 0.0
    var hasSquared = true
    /// How far a reference policy's log-probabilities are from the policy's, in nats; nil: there is none.
    var referenceSpread: Double?
    /// Fraction of completions whose advantage is 0.
    var zeroFraction = 0.2

    /// For a test that needs one batch.
    func make(seed: UInt64) throws -> TabularBatch {
        var random = RandomSource(seed: seed, purpose: .testing)
        return try make(&random)
    }

    func make(_ random: inout RandomSource) throws -> TabularBatch {
        var logits: [[Double]] = []
        var tokens: [Int] = []
        var columns = Columns()
        for sequence in 0..<(sequences.lowerBound + random.integer(below: sequences.count)) {
            let advantage = random.uniform() < zeroFraction ? 0 : Float(random.normalPair().0)
            for _ in 0..<(length.lowerBound + random.integer(below: length.count)) {
                let spread = [0.5, 2, 5][random.integer(below: 3)]
                let row = (0..<(2 + random.integer(below: 12))).map { _ in random.normalPair().0 * spread }
                let p = try Categorical(logits: row)
                let token = draw(&random, p)
                let proximal = p.logProbabilities[token] + staleness * random.normalPair().0
                columns.add(p, token, proximal, proximal + mismatch * random.normalPair().0, advantage, sequence)
                if let referenceSpread {
                    columns.reference.append(
                        Float(p.logProbabilities[token] + referenceSpread * random.normalPair().0))
                }
                logits.append(row)
                tokens.append(token)
            }
        }
        return TabularBatch(table: try columns.table(hasSquared: hasSquared), logits: logits, tokens: tokens)
    }

    private func draw(_ random: inout RandomSource, _ p: Categorical) -> Int {
        var left = random.uniform()
        for (token, probability) in p.probabilities.enumerated() {
            left -= probability
            if left < 0 { return token }
        }
        return p.vocabulary - 1
    }
}

/// The columns of a token table while it is being built.
private struct Columns {
    var policy: [Float] = [], entropy: [Float] = [], s: [Float] = [], expected: [Float] = [], squared: [Float] = []
    var proximal: [Float] = [], sampled: [Float] = [], advantage: [Float] = [], reference: [Float] = []
    var sequence: [Int32] = []

    mutating func add(
        _ p: Categorical, _ token: Int, _ proximalLogprob: Double, _ sampledLogprob: Double, _ a: Float, _ which: Int
    ) {
        policy.append(Float(p.logProbabilities[token]))
        entropy.append(Float(p.entropy))
        s.append(Float(p.discriminant(of: token)))
        expected.append(Float(p.expectedDiscriminant))
        squared.append(Float(p.squaredDiscriminant))
        proximal.append(Float(proximalLogprob))
        sampled.append(Float(sampledLogprob))
        advantage.append(a)
        sequence.append(Int32(which))
    }

    func table(hasSquared: Bool) throws -> TokenTable {
        try TokenTable(
            policyLogprob: policy, entropy: entropy, discriminant: s, expectedDiscriminant: expected,
            squaredDiscriminant: hasSquared ? squared : nil, proximalLogprob: proximal, sampledLogprob: sampled,
            referenceLogprob: reference.isEmpty ? nil : reference, advantage: advantage, sequence: sequence,
            group: sequence.map { $0 / 4 })
    }
}

/// Runs a property on `count` seeded streams.
func forRandomCases(
    _ count: Int = 1_000, seed: UInt64, _ body: (inout RandomSource, Int) throws -> Void
) rethrows {
    for number in 0..<count {
        var random = RandomSource(seed: seed, purpose: .testing, step: number)
        try body(&random, number)
    }
}

/// The algorithm that an `algorithm:` section describes; unknown keys are errors, as in a run.
func algorithm(_ yaml: String) throws -> Algorithm {
    let root = try ConfigSection.parse("algorithm: {\(yaml)}", name: "test.yaml")
    let algorithm = try AlgorithmCatalogue.algorithm(from: root.section("algorithm"))
    try root.finish()
    return algorithm
}

/// The sentence an `algorithm:` section is refused with.
func refusal(_ yaml: String) -> String? {
    do { _ = try algorithm(yaml) } catch { return "\(error)" }
    return nil
}

extension Credit {
    /// The advantages of a batch of one group of completions of one token.
    func advantages(_ rewards: [Double]) -> [Double] {
        advantages(of: [rewards.map { Outcome(reward: $0) }]).first ?? []
    }
}

extension TokenCoefficients {
    subscript(metric name: String) -> Double? { metrics.first { $0.name == name }?.value }
}

func isClose(_ a: Double, _ b: Double, absolute: Double = 1e-12, relative: Double = 0) -> Bool {
    abs(a - b) <= absolute + relative * max(abs(a), abs(b))
}
