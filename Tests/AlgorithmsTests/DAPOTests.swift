// DAPO: what it lets through that GRPO does not, and which parts it is made of.

import Algorithms
import Foundation
import Testing

@Suite struct DAPOTests {
    @Test func `a rewarded token between the two upper bounds pushes under DAPO and not under GRPO`() throws {
        for (ratio, pushes) in [(1.19, [true, true]), (1.24, [false, true]), (1.29, [false, false])] {
            let table = try TokenTable(
                policyLogprob: [Float(log(ratio) - 2)], entropy: [1], discriminant: [0.1], expectedDiscriminant: [0],
                proximalLogprob: [-2], sampledLogprob: [-2], advantage: [1], sequence: [0], group: [0])
            for (name, moves) in zip(["grpo", "dapo"], pushes) {
                let g1 = try algorithm("name: \(name)").coefficients(for: table).g1[0]
                #expect((g1 != 0) == moves, "\(name) at ratio \(ratio)")
            }
        }
    }

    @Test func `it is made of a plan, a price on length and the token mean, and each can be turned off or set`() throws
    {
        let dapo = try algorithm("name: dapo")
        #expect(dapo.rolloutPlan == RolloutPlan(replacesGroupsWithoutContrast: true, budget: 10))
        #expect(dapo.aggregation == .tokenMean(over: .all))
        let credit = try #require(dapo.credit as? ShapedCredit)
        #expect(credit.shapings.first as? OverlongPenalty == OverlongPenalty(limit: 256, buffer: 51))
        #expect(try algorithm("name: dapo, dynamic_sampling: false").rolloutPlan == RolloutPlan())
        #expect(try algorithm("name: grpo, dynamic_sampling: true, sampling_budget: 3").rolloutPlan.budget == 3)
        #expect(try algorithm("name: grpo").credit is GroupNormalisedCredit)
        #expect(refusal("name: grpo, sampling_budget: 3")?.contains("dynamic_sampling") == true)
        #expect(refusal("name: dapo, overlong_limit: 10, overlong_buffer: 11")?.contains("must not exceed") == true)
        #expect(refusal("name: grpo, overlong_buffer: 11")?.contains("without overlong_limit") == true)
    }

    @Test func `the price on length is that of the published lengths, and a completion of the limit loses 1`() {
        let penalty = OverlongPenalty(limit: 20_480, buffer: 4_096)
        func price(_ length: Int) -> Double {
            penalty.adjustment(for: Outcome(reward: 1, sampledLogprob: [Float](repeating: 0, count: length)))
        }
        #expect([0, 16_384, 18_432, 20_480, 30_000].map(price) == [0, 0, -0.5, -1, -1])
    }

    @Test func `the penalty reaches the advantages and not the reward that is filtered on`() throws {
        let credit = ShapedCredit(
            GroupNormalisedCredit(normaliseStd: false), shapings: [OverlongPenalty(limit: 4, buffer: 2)])
        func outcome(_ length: Int) -> Outcome {
            Outcome(reward: 1, sampledLogprob: [Float](repeating: -1, count: length))
        }
        let advantages = credit.advantages(of: [[outcome(2), outcome(4)], [outcome(1), outcome(2)]])
        #expect(advantages == [[0.5, -0.5], [0, 0]])
        let metrics = credit.metrics(for: [[outcome(2), outcome(4)], [outcome(1), outcome(2)]])
        #expect(metrics == [Metric("overlong_penalty_mean", -0.25)])
        var step = RolloutPlan(replacesGroupsWithoutContrast: true).step(prompts: 1)
        step.append(rewards: [1, 1])
        #expect(step.kept == 0 && step.request == 1)
    }

    @Test func `a completion that was cut off counts in its group's baseline and is not pushed itself`() throws {
        let group = [
            Outcome(reward: 1), Outcome(reward: 0), Outcome(reward: 0, isTruncated: true),
            Outcome(reward: 1, isTruncated: true),
        ]
        let plain = try algorithm("name: grpo").credit.advantages(of: [group])[0]
        let credit = try algorithm("name: grpo, overlong_filter: true").credit
        #expect(credit.advantages(of: [group]) == [[plain[0], plain[1], 0, 0]] && plain.allSatisfy { $0 != 0 })
        #expect(credit.metrics(for: [group]) == [Metric("overlong_filtered", 0.5)])
        #expect(try algorithm("name: rloo, overlong_filter: true").credit.smallestGroup == 2)
    }
}
