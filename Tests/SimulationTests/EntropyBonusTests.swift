// The balance of an entropy bonus and a policy gradient: the derivation against the simulator.

import Algorithms
import EntropyDynamics
import Testing

@testable import Simulation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct EntropyBonusTests {
    /// One context whose rewarded token, the first, has probability p and whose others share the rest evenly.
    private func task(_ p: Double) throws -> TableTask {
        let rest = (1 - p) / 15
        return try TableTask(
            prompts: 1, tree: PrefixTree(vocabulary: 16), values: [1] + [Double](repeating: 0, count: 15),
            logits: [log(p / rest)] + [Double](repeating: 0, count: 15))
    }

    @Test(arguments: [true, false])
    func `an exact step moves the rewarded logit by drive minus coefficient times force`(normalises: Bool) throws {
        let balance = BonusBalance(vocabulary: 16, normalisesStd: normalises)
        for (p, coefficient) in [(0.07, 0.0), (0.3, 0.7), (0.76, 0.6), (0.95, 2), (0.999, 4)] {
            var simulator = try Simulator(
                try task(p),
                try catalogueAlgorithm(
                    "name: grpo, normalise_std: \(normalises), entropy_coefficient: \(coefficient)"),
                SimulationSettings().with {
                    $0.actions = .expected
                    $0.learningRate = 1
                })
            let before = simulator.policy.logits[0]
            try simulator.step()
            let derived = balance.drive(p) - coefficient * balance.force(p)
            #expect(abs(simulator.policy.logits[0] - before - derived) < 1e-4 * (balance.drive(p) + balance.force(p)))
        }
    }

    @Test(arguments: [2, 16, 64])
    func `the drive of a finite group is the mean over its outcomes`(completions: Int) {
        for normalises in [true, false] {
            let balance = BonusBalance(vocabulary: 16, completions: completions, normalisesStd: normalises)
            let credit = GroupNormalisedCredit(normaliseStd: normalises)
            for p in [0.1, 0.5, 0.9] {
                var choices = 1.0
                var total = 0.0
                for k in 1..<completions {
                    choices *= Double(completions - k + 1) / Double(k)
                    let rewards = (0..<completions).map { $0 < k ? 1.0 : 0 }
                    let share = Double(k) / Double(completions)
                    total +=
                        choices * pow(p, Double(k)) * pow(1 - p, Double(completions - k)) * share
                        * credit.advantages(rewards)[0]
                }
                #expect(abs(balance.drive(p) - total) < 1e-5 * total)
            }
        }
    }

    @Test func `the restoring force vanishes at both ends`() throws {
        for p in [1.0 / 16, 1 - 1e-9] {
            let row = try Categorical(logits: try task(p).logits)
            #expect(row.squaredDiscriminant < 1e-14)
        }
        #expect(try Categorical(logits: try task(0.75).logits).squaredDiscriminant > 0.1)
    }

    @Test func `only division by the standard deviation folds, and larger groups fold wider`() {
        let folds = [16, 64, 256].map { BonusBalance(vocabulary: 16, completions: $0, normalisesStd: true).folds }
        for (lost, regained) in folds { #expect((lost ?? .nan) < (regained ?? .nan)) }
        #expect((folds[0].regained ?? .nan) < (folds[1].regained ?? .nan))
        #expect((folds[1].regained ?? .nan) < (folds[2].regained ?? .nan))
        let exact = BonusBalance(vocabulary: 16, normalisesStd: true).folds
        #expect(exact.lost != nil && exact.regained == nil)
        let centred = BonusBalance(vocabulary: 16, completions: 64, normalisesStd: false).folds
        #expect(centred.lost == nil && centred.regained == nil)
    }

    @Test func `exact runs settle where derived and turn where derived, on every seed`() throws {
        for setting in [EntropyBonusHysteresis.exact, BonusReturn.all[0].setting] {
            for seed in UInt64(1)...5 {
                let fresh = try setting.task(seed: seed)
                let settled = try setting.train(fresh, coefficient: 1, steps: 400, seed: seed).entropy
                #expect(abs((settled.last ?? 0) - setting.balance.freshEntropy(at: 1)) < 0.03)
                for depth in [0.02, 0.1] {
                    let p = try probability(depth, setting)
                    let turning = setting.balance.coefficient(atEntropy: depth)
                    for factor in [0.95, 1.05] {
                        let run = try setting.train(try task(p), coefficient: factor * turning, steps: 5, seed: seed)
                        #expect(((run.entropy.last ?? 0) > run.entropy[0]) == (factor > 1))
                    }
                }
            }
        }
    }

    /// The probability of the rewarded token at which a row has this entropy on its collapsed side.
    private func probability(_ entropy: Double, _ setting: BonusSetting) throws -> Double {
        var (low, high) = (0.5, 1 - 1e-12)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if setting.balance.entropy(middle) > entropy { low = middle } else { high = middle }
        }
        return low
    }

    @Test func `the result has a row per coefficient, and fresh policies are above collapsed ones`() throws {
        let result = try EntropyBonusHysteresis.run(seeds: 1)
        #expect(result.findings.count == 8 && result.panels.count == 4)
        let table = try #require(result.tables.first)
        #expect(table.columns.allSatisfy { $0.values.count == EntropyBonusHysteresis.coefficients.count })
        let columns = Dictionary(uniqueKeysWithValues: table.columns.map { ($0.name, $0.values) })
        let (fresh, collapsed) = (
            try #require(columns["grpo_exact_fresh"]), try #require(columns["grpo_exact_collapsed"])
        )
        for (fresh, collapsed) in zip(fresh, collapsed) { #expect((fresh ?? 0) >= (collapsed ?? 1) - 1e-3) }
    }
}
