// KL-Cov: inert on the policy itself, and off it a price on exactly the tokens of the largest score.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@testable import Algorithms

@Suite struct KLCovTests {
    static let settings = ["", ", preset: paper", ", estimator: k2", ", preset: paper, estimator: abs"]

    @Test(arguments: settings)
    func `at ratio 1 it is the plain policy gradient, to the bit`(options: String) throws {
        let method = try algorithm("name: kl_cov, share: 0.2, coefficient: 7" + options)
        let plain = try algorithm("name: grpo, clip_low: 1, clip_high: .inf")
        try forRandomCases(seed: 1) { random, number in
            let table = try BatchMaker().make(&random).table
            let found = method.coefficients(for: table)
            #expect(found.g1 == plain.coefficients(for: table).g1, "case \(number)")
            #expect(found.g2.allSatisfy { $0 == 0 }, "case \(number)")
        }
    }

    @Test func `off the policy the selected tokens feel the price and no others`() throws {
        try forRandomCases(seed: 2) { random, number in
            let table = try BatchMaker(staleness: 0.3).make(&random).table
            let share = [1e-4, 0.1, 0.3][number % 3]
            let isPaper = number % 2 == 0
            let method = try algorithm(
                "name: kl_cov, share: \(share), coefficient: 2, preset: \(isPaper ? "paper" : "code")")
            let plain = try algorithm("name: grpo, clip_low: 1, clip_high: .inf").coefficients(for: table)
            let found = method.coefficients(for: table)
            let scores = try covarianceScores(
                logprobs: table.policyLogprob.map { Double($0) }, advantages: table.advantage.map { Double($0) })
            let touched = found.g1.indices.filter { found.g1[$0] != plain.g1[$0] }
            let wanted = isPaper ? Int(share * Double(table.count)) : max(Int(share * Double(table.count)), 1)
            #expect(touched.count == wanted, "case \(number)")
            let lowest = touched.map { scores[$0] }.min() ?? .infinity
            let others = scores.indices.filter { !touched.contains($0) }.map { scores[$0] }.max() ?? -.infinity
            #expect(lowest >= others, "case \(number)")
            for token in touched {
                let x = Double(table.policyLogprob[token]) - Double(table.proximalLogprob[token])
                let slope = isPaper ? exp(x) - 1 : (x > 0 ? 1 : -1)
                let added = Double(found.g1[token]) - Double(plain.g1[token])
                #expect(
                    isClose(added, 2 * slope / Double(table.count), absolute: 1e-6, relative: 1e-4), "case \(number)")
            }
        }
    }

    @Test func `there is no clip to set, and the published percentage is refused`() {
        #expect(refusal("name: kl_cov, clip_low: 0.2")?.contains("is not a key here") == true)
        #expect(refusal("name: kl_cov, k_percent: 0.2")?.contains("share: 0.002") == true)
    }
}
