// The whole catalogue on a tiny transformer: micro-batches, order of sequences and of groups change no update.

import Algorithms
import ConfigCoding
import Models
import Runs
import Testing
import Torch
import Trajectories

@testable import Training

@Suite struct CatalogueInvarianceTests {
    /// Tokens of some sequences as an algorithm sees them, each with what does not depend on where it stands.
    private struct Known {
        var sampled: [[Float]] = []
        var proximal: [[Float]] = []
        var reference: [[Float]] = []
        var advantage: [Float] = []
        var group: [Int32] = []

        init(_ given: UpdateCase, _ updater: PolicyUpdater) throws {
            var random = RandomSource(seed: 12, purpose: .testing)
            let logprob = try updater.statistics(of: given.sequences).logprob
            var start = 0
            var group: Int32 = -1
            for (index, sequence) in given.sequences.enumerated() {
                let own = logprob[start..<(start + sequence.tokens.count)]
                start += sequence.tokens.count
                func near(_ spread: Double) -> [Float] { own.map { $0 + Float(spread * random.normalPair().0) } }
                proximal.append(near(0.1))
                sampled.append(near(0.1))
                reference.append(near(0.3))
                advantage.append(random.uniform() < 0.2 ? 0 : Float(random.normalPair().0))
                if index == 0 || given.sequences[index - 1].prompt != sequence.prompt { group += 1 }
                self.group.append(group)
            }
        }

        /// The table of the sequences in this order.
        func table(_ statistics: TokenStatistics, _ sequences: [TrainingSequence], _ order: [Int]) throws -> TokenTable
        {
            func spread<Value>(_ value: (Int) -> Value) -> [Value] {
                order.flatMap { [Value](repeating: value($0), count: sequences[$0].tokens.count) }
            }
            return try TokenTable(
                policyLogprob: statistics.logprob, entropy: statistics.entropy, discriminant: statistics.discriminant,
                expectedDiscriminant: statistics.expectedDiscriminant,
                varianceDiscriminant: statistics.varianceDiscriminant,
                squaredDiscriminant: statistics.squaredDiscriminant, proximalLogprob: order.flatMap { proximal[$0] },
                sampledLogprob: order.flatMap { sampled[$0] }, referenceLogprob: order.flatMap { reference[$0] },
                advantage: spread { advantage[$0] }, sequence: spread { Int32($0) }, group: spread { group[$0] },
                update: 3)
        }
    }

    private struct Outcome {
        var loss: Double
        /// By sequence of the first order.
        var weights: [[Float]]
        var parameters: [[Float]]
        /// Of the update, as the trainer logs them.
        var metrics: [(String, MetricValue)]
    }

    /// One plain descent step on a fresh model, on the sequences in some order.
    private func outcome(_ algorithm: Algorithm, _ known: Known, budget: Int, order: [Int]) throws -> Outcome {
        let given = try UpdateCase(seed: 21, sequences: 18)
        let sequences = order.map { given.sequences[$0] }
        var optimiser = try withTorchErrors {
            AdamW(given.model.parameters.map(\.tensor), options: UpdateCase.descent)
        }
        var found: TokenCoefficients?
        let report = try given.updater(microBatchTokens: budget).update(
            sequences, carriesGradient: order.map { known.advantage[$0] != 0 }, optimiser: &optimiser,
            learningRate: 0.5 * UpdateCase.descent.epsilon, measures: true
        ) { statistics in
            let table = try known.table(statistics, given.sequences, order)
            try algorithm.check(table)
            let result = algorithm.coefficients(for: table)
            found = result
            return TokenDerivatives(g1: result.g1, g2: result.g2)
        }
        let result = try #require(found)
        var weights = [[Float]](repeating: [], count: order.count)
        var start = 0
        for index in order {
            let count = given.sequences[index].tokens.count
            weights[index] = Array(result.weight[start..<(start + count)])
            start += count
        }
        var line = MetricsLine()
        line.add(report: report, coefficients: result, learningRate: 0.5)
        line.add(sampled: order.flatMap { known.sampled[$0] }, report: report)
        line.add("optimiser/gradient_norm", report.gradientNorm)
        return Outcome(
            loss: result.loss, weights: weights, parameters: try given.values(), metrics: line.fields)
    }

    @Test(
        arguments: AlgorithmCatalogue.names.map { "name: \($0)" } + [
            "name: clip_cov, share: 0.1, lower: 0.1", "name: kl_cov, share: 0.2", "name: random_drop, share: 0.3",
            "name: gspo, clip_low: 0.05, clip_high: 0.05", "name: clip_v, mu_neg: 0.5, mu_pos: 0.5",
            "name: grpo, kl_coefficient: 0.2, entropy_coefficient: 0.1, sampler_correction: sequence_truncated",
        ])
    func `weights, loss, metrics and parameters after a step are the same for any split and order`(yaml: String) throws
    {
        let section = try ConfigSection.parse("{\(yaml)}", name: "test")
        let algorithm = try AlgorithmCatalogue.algorithm(from: section)
        try section.finish()
        let given = try UpdateCase(seed: 21, sequences: 18)
        let known = try Known(given, given.updater())
        let straight = Array(given.sequences.indices)
        let expected = try outcome(algorithm, known, budget: 100_000, order: straight)
        let before = try given.values()
        #expect(zip(before, expected.parameters).contains { $0.0 != $0.1 }, "the step moves something")
        var random = RandomSource(seed: 22, purpose: .testing)
        for budget in [1, 40, 100_000] {
            for order in [straight, Array(straight.reversed()), straight.shuffled(using: &random)] {
                let found = try outcome(algorithm, known, budget: budget, order: order)
                #expect(abs(found.loss - expected.loss) <= 1e-5 * (1 + abs(expected.loss)), "\(budget)")
                for (a, b) in zip(found.weights.joined(), expected.weights.joined()) {
                    #expect(abs(a - b) <= 1e-5, "\(budget)")
                }
                #expect(found.metrics.map(\.0) == expected.metrics.map(\.0))
                for (own, other) in zip(found.metrics, expected.metrics) {
                    let (a, b) = (own.1.number ?? .nan, other.1.number ?? .nan)
                    #expect(
                        abs(a - b) <= 3e-6 + 1e-4 * abs(b) || (a.isNaN && b.isNaN), "\(own.0): \(a), \(b) at \(budget)")
                }
                for (own, other) in zip(found.parameters, expected.parameters) {
                    let largest = other.map(abs).max() ?? 0
                    #expect(zip(own, other).allSatisfy { abs($0 - $1) <= 2e-6 * largest }, "\(budget)")
                }
            }
        }
    }
}
