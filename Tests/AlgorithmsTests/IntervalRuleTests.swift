// The interval rule: who is tested on which side, thresholds, and the cap.

import Foundation
import Testing
import Trajectories

@testable import Algorithms

@Suite struct IntervalRuleTests {
    @Test(arguments: ["clip_b", "clip_v"])
    func `sign-aware drops rewarded tokens above and penalised tokens below, nothing else`(name: String) throws {
        var dropped = 0
        try forRandomCases(seed: 1) { random, number in
            let table = try BatchMaker().make(&random).table
            let signal = (0..<table.count).map {
                name == "clip_b" ? Double(table.discriminant[$0]) : table.centredDiscriminant($0)
            }
            let n = Double(table.count)
            let mean = signal.reduce(0, +) / n
            let sigma = (signal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
            let weights = try algorithm("name: \(name), mu_neg: 0.8, mu_pos: 1.2").coefficients(for: table).weight
            for token in 0..<table.count {
                let x = signal[token] - (name == "clip_b" ? mean : 0)
                let a = table.advantage[token]
                let expected = a > 0 && x > 1.2 * sigma || a < 0 && x < -0.8 * sigma
                #expect((weights[token] == 0) == expected, "case \(number), token \(token)")
                if expected { dropped += 1 }
            }
        }
        #expect(dropped > 1_000)
    }

    @Test func `sign-aware Clip_V only ever removes updates that lower entropy`() throws {
        try forRandomCases(seed: 2) { random, number in
            let table = try BatchMaker().make(&random).table
            let found = try algorithm("name: clip_v, mu_neg: 0.5, mu_pos: 0.5").coefficients(for: table)
            let plain = try algorithm("name: grpo").coefficients(for: table)
            for token in 0..<table.count where found.weight[token] == 0 {
                #expect(plain.predictedEntropyChange[token] < 0, "case \(number)")
            }
            let with = try #require(found[metric: "predicted_entropy_change"])
            let without = try #require(found[metric: "predicted_entropy_change_without_rules"])
            #expect(with >= without, "case \(number)")
            #expect(without == plain[metric: "predicted_entropy_change"], "case \(number)")
        }
    }

    @Test(arguments: ["neg", "pos", "all", "sign_aware"])
    func `infinite thresholds keep everything and so does a signal without spread`(advantages: String) throws {
        for name in ["clip_b", "clip_v"] {
            let open = try algorithm("name: \(name), mu_neg: .inf, mu_pos: .inf, advantages: \(advantages)")
            let tight = try algorithm(
                "name: \(name), mu_neg: 0, mu_pos: 0, advantages: \(advantages), zero_advantage: test")
            try forRandomCases(250, seed: 3) { random, number in
                let table = try BatchMaker().make(&random).table
                #expect(open.coefficients(for: table).weight.allSatisfy { $0 == 1 }, "case \(number)")
                let flat = table[rows: [Int](repeating: random.integer(below: table.count), count: 9)]
                #expect(tight.coefficients(for: flat).weight.allSatisfy { $0 == 1 }, "case \(number)")
            }
        }
    }

    @Test func `each choice of advantages tests only those`() throws {
        let cases: [(String, (Float) -> Bool)] = [("neg", { $0 < 0 }), ("pos", { $0 > 0 }), ("all", { $0 != 0 })]
        for (choice, isTested) in cases {
            let rule = try algorithm("name: clip_v, mu_neg: 0, mu_pos: 0, advantages: \(choice)")
            let withZero = try algorithm(
                "name: clip_v, mu_neg: 0, mu_pos: 0, advantages: \(choice), zero_advantage: test")
            try forRandomCases(400, seed: 4) { random, number in
                let table = try BatchMaker().make(&random).table
                let weights = rule.coefficients(for: table).weight
                let zero = withZero.coefficients(for: table).weight
                // μ = 0 on both sides drops every tested token whose C is not exactly 0.
                for token in 0..<table.count where abs(table.centredDiscriminant(token)) > 1e-9 {
                    let a = table.advantage[token]
                    #expect((weights[token] == 0) == isTested(a), "\(choice), case \(number)")
                    #expect((zero[token] == 0) == (isTested(a) || a == 0), "\(choice), case \(number)")
                }
            }
        }
    }

    @Test(arguments: ["neg", "pos", "all", "sign_aware"])
    func `a wider interval keeps every token a narrower one keeps`(advantages: String) throws {
        for name in ["clip_b", "clip_v"] {
            try forRandomCases(250, seed: 5) { random, number in
                let table = try BatchMaker().make(&random).table
                let (mu, more) = (3 * random.uniform(), 2 * random.uniform())
                let common = "name: \(name), advantages: \(advantages), zero_advantage: test"
                let narrow = try algorithm("\(common), mu_neg: \(mu), mu_pos: \(mu)").coefficients(for: table).weight
                let wide = try algorithm("\(common), mu_neg: \(mu + more), mu_pos: \(mu + more)")
                    .coefficients(for: table).weight
                #expect(zip(narrow, wide).allSatisfy { $0 <= $1 }, "case \(number)")
            }
        }
    }

    @Test func `the cap drops exactly K, the largest ones`() throws {
        var capped = 0
        try forRandomCases(seed: 6) { random, number in
            let table = try BatchMaker(sequences: 8...20).make(&random).table
            let fraction = 0.2 * random.uniform()
            let limit = max(Int(fraction * Double(table.count)), 1)
            for choice in ["neg", "all", "sign_aware"] {
                let common = "name: clip_v, advantages: \(choice), mu_neg: 0.4, mu_pos: 0.4"
                let free = try algorithm(common).coefficients(for: table).weight
                let found = try algorithm("\(common), max_frac: \(fraction)").coefficients(for: table).weight
                let candidates = free.indices.filter { free[$0] == 0 }
                let dropped = found.indices.filter { found[$0] == 0 }
                #expect(Set(dropped).isSubset(of: candidates), "case \(number)")
                guard Double(candidates.count) / Double(table.count) > fraction, candidates.count > limit else {
                    #expect(dropped == candidates, "case \(number)")
                    continue
                }
                capped += 1
                #expect(dropped.count == limit, "case \(number)")
                let smallest = dropped.map { abs(table.centredDiscriminant($0)) }.min() ?? 0
                for token in Set(candidates).subtracting(dropped) {
                    #expect(abs(table.centredDiscriminant(token)) <= smallest, "case \(number)")
                }
            }
        }
        #expect(capped > 1_000)
    }

    @Test func `fractions have honest denominators and thresholds are reported`() throws {
        let table = try TokenTable(
            policyLogprob: [-1, -1, -1, -1], entropy: [1, 1, 1, 1], discriminant: [0.1, 0.2, -0.9, -0.1],
            expectedDiscriminant: [0.1, 0.1, 0.1, 0.1], proximalLogprob: [-1, -1, -1, -1],
            sampledLogprob: [-1, -1, -1, -1], advantage: [-1, -1, -1, 0], sequence: [0, 0, 0, 1], group: [0, 0, 0, 0])
        let found = try algorithm("name: clip_v, mu_neg: 1, mu_pos: .inf").coefficients(for: table)
        #expect(found.weight == [1, 1, 0, 1])
        #expect(found[metric: "clip_v/dropped"] == 0.25)
        #expect(found[metric: "clip_v/dropped_positive"] == 0)
        #expect(found[metric: "clip_v/dropped_negative"] == 1.0 / 3)
        #expect(found[metric: "clip_v/dropped_zero"] == 0)
        #expect(isClose(try #require(found[metric: "clip_v/discriminant_mean"]), -0.175, absolute: 1e-7))
        #expect(isClose(try #require(found[metric: "clip_v/centred_mean"]), -0.275, absolute: 1e-7))
        let sigma = try #require(found[metric: "clip_v/centred_std"])
        #expect(isClose(sigma, (0.7475 / 4).squareRoot(), absolute: 1e-7))
        #expect(found[metric: "clip_v/lower_bound"] == -sigma)
        #expect(found[metric: "clip_v/upper_bound"] == .infinity)
        #expect(isClose(found.loss, (1 + 1) / 4.0))
        let centred = try algorithm("name: clip_v, mu_neg: 1, mu_pos: 1, centre: true").coefficients(for: table)
        let mean = try #require(found[metric: "clip_v/centred_mean"])
        #expect(centred[metric: "clip_v/lower_bound"] == mean - sigma)
    }
}
