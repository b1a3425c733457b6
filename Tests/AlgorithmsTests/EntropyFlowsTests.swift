// The lens: flows add up to the predicted change, on every side they are split by.

import Algorithms
import EntropyDynamics
import Testing
import Trajectories

@Suite struct EntropyFlowsTests {
    static let settings = [
        "name: grpo", "name: dapo", "name: clip_v, mu_neg: 0.5, mu_pos: 0.5", "name: random_drop, share: 0.3",
        "name: opefo", "name: entropy_advantage, entropy_coefficient: 0.1", "name: gspo",
        "name: stare, target_entropy: 9, positive: 2, sampler_correction: token_masked, sampler_max: 1.1",
    ]

    @Test(arguments: settings)
    func `flows are sums of the tokens' changes, by sign of the advantage and by region`(setting: String) throws {
        let algorithm = try algorithm(setting)
        try forRandomCases(200, seed: 1) { random, number in
            let table = try BatchMaker(staleness: 0.2, mismatch: 0.1).make(&random).table
            let found = algorithm.coefficients(for: table)
            func reported(_ name: String) -> Double { found[metric: "flow/" + name] ?? .nan }
            func sum(_ isCounted: (Int, Double) -> Bool) -> Double {
                found.predictedEntropyChange.enumerated().reduce(0) { total, pair in
                    isCounted(pair.0, Double(pair.1)) ? total + Double(pair.1) : total
                } / Double(table.count)
            }
            func agree(_ a: Double, _ b: Double) {
                #expect(isClose(a, b, absolute: 1e-7, relative: 1e-5), "case \(number)")
            }
            agree(reported("expanding"), sum { $1 > 0 })
            agree(reported("contracting"), -sum { $1 < 0 })
            agree(reported("expanding_positive"), sum { $1 > 0 && table.advantage[$0] > 0 })
            agree(reported("contracting_negative"), -sum { $1 < 0 && table.advantage[$0] < 0 })
            for region in EntropyRegion.allCases {
                agree(
                    reported("region_e\(region.rawValue)"),
                    sum { token, _ in
                        EntropyRegion(
                            logprob: Double(table.policyLogprob[token]), entropy: Double(table.entropy[token]),
                            advantage: Double(table.advantage[token])) == region
                    })
            }
            agree(reported("expanding") - reported("contracting"), found[metric: "predicted_entropy_change"] ?? .nan)
        }
    }

    @Test(arguments: [
        "clip_v, mu_neg: 0.5, mu_pos: 0.5", "random_drop, share: 0.3", "positive_advantage, schedule: constant",
        "opefo",
    ])
    func `what the rules removed is what is missing from the change without rules`(options: String) throws {
        let algorithm = try algorithm("name: \(options), sampler_correction: token_masked, sampler_max: 1.2")
        try forRandomCases(200, seed: 2) { random, number in
            let table = try BatchMaker(staleness: 0.2, mismatch: 0.2).make(&random).table
            let found = algorithm.coefficients(for: table)
            let removed = algorithm.rules.reduce(0.0) { total, rule in
                total + (found[metric: "\(rule.name)/removed_expanding"] ?? .nan)
                    - (found[metric: "\(rule.name)/removed_contracting"] ?? .nan)
            }
            let without = found[metric: "predicted_entropy_change_without_rules"] ?? .nan
            let with = found[metric: "predicted_entropy_change"] ?? .nan
            #expect(isClose(without - removed, with, absolute: 1e-9, relative: 1e-6), "case \(number)")
        }
    }

    @Test func `sign-aware Clip_V removes contracting flow alone`() throws {
        var acted = 0
        try forRandomCases(300, seed: 3) { random, number in
            let table = try BatchMaker().make(&random).table
            let found = try algorithm("name: clip_v, mu_neg: 0.5, mu_pos: 0.5").coefficients(for: table)
            #expect(found[metric: "clip_v/removed_expanding"] == 0, "case \(number)")
            let removed = found[metric: "clip_v/removed_contracting"] ?? .nan
            #expect((removed > 0) == found.weight.contains(0), "case \(number)")
            if removed > 0 { acted += 1 }
        }
        #expect(acted > 250)
    }

    @Test func `what the ratio clip removed is what a loss without it would do more`() throws {
        try forRandomCases(200, seed: 4) { random, number in
            let table = try BatchMaker(staleness: 0.4).make(&random).table
            let clipped = try algorithm("name: grpo").coefficients(for: table)
            let free = try algorithm("name: grpo, clip_low: 1, clip_high: .inf").coefficients(for: table)
            for side in ["expanding", "contracting"] {
                let lost = (free[metric: "flow/\(side)"] ?? .nan) - (clipped[metric: "flow/\(side)"] ?? .nan)
                let reported = clipped[metric: "flow/clipped_\(side)"] ?? .nan
                #expect(isClose(lost, reported, absolute: 1e-9, relative: 1e-6), "case \(number)")
            }
        }
    }

    @Test func `an unknown change makes every flow it is part of unknown`() throws {
        let table = try BatchMaker(hasSquared: false).make(seed: 5).table
        let found = try algorithm("name: grpo, entropy_coefficient: 0.1").coefficients(for: table)
        #expect(found[metric: "flow/expanding"]?.isNaN == true && found[metric: "flow/contracting"]?.isNaN == true)
    }
}
