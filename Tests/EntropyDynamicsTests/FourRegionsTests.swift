// The four regions against exact changes, and where the cheap rule misreads a token.

import EntropyDynamics
import Foundation
import Testing
import Trajectories

@Suite struct FourRegionsTests {
    @Test func `sides and signs make the four regions`() {
        func region(_ logprob: Double, _ advantage: Double) -> EntropyRegion? {
            EntropyRegion(logprob: logprob, entropy: 1, advantage: advantage)
        }
        #expect(region(-0.5, 2) == .likelyRewarded)
        #expect(region(-1.5, 2) == .unlikelyRewarded)
        #expect(region(-0.5, -2) == .likelyPenalised)
        #expect(region(-1.5, -2) == .unlikelyPenalised)
        #expect(region(-0.5, 0) == nil && region(-1, 2) == nil)
        #expect(region(.nan, 1) == nil && region(-0.5, .nan) == nil)
        #expect(EntropyRegion.allCases.map(\.rawValue) == [1, 2, 3, 4])
        #expect(EntropyRegion.allCases.map(\.raisesEntropy) == [false, true, true, false])
    }

    @Test func `the regions say what a bump of the sampled logit alone does`() throws {
        try forRandomCases(seed: 471) { random, number in
            let p = try Categorical(logits: randomLogits(&random, spreads: [0.3, 1, 3]))
            let token = random.integer(below: p.vocabulary)
            let advantage = random.normalPair().0
            let bump = p.bump(of: token)
            guard abs(bump.discriminant) > 1e-4 else { return }
            let region = try #require(p.region(of: token, advantage: advantage))
            #expect(region.raisesEntropy == (bump.exact(1e-6 * advantage) > 0), "case \(number)")
        }
    }

    @Test func `polarity has the sign of the exact change of a policy-gradient step`() throws {
        var checked = 0
        try forRandomCases(2_000, seed: 472) { random, number in
            let p = try Categorical(logits: randomLogits(&random, spreads: [0.3, 1, 3]))
            let token = random.integer(below: p.vocabulary)
            let advantage = random.normalPair().0
            let polarity = p.entropyPolarity(of: token, advantage: advantage)
            let step = p.policyGradientStep(on: token)
            #expect(isClose(step.firstOrder(advantage), polarity, absolute: 1e-13), "case \(number)")
            #expect(isClose(p.entropySensitivity(of: token) * advantage, polarity, absolute: 0), "case \(number)")
            let small = 1e-4 * advantage
            guard abs(step.firstOrder(small)) > step.firstOrderErrorBound(small) + 1e-14 else { return }
            checked += 1
            #expect((step.exact(small) > 0) == (polarity > 0), "case \(number)")
        }
        #expect(checked >= 1_000)
    }

    @Test func `sensitivity has mean zero under the policy`() throws {
        try forRandomCases(seed: 473) { random, number in
            let p = try Categorical(logits: randomLogits(&random))
            #expect(abs(p.mean { p.entropySensitivity(of: $0) }) <= 1e-12, "case \(number)")
        }
    }

    @Test func `rule and polarity contradict each other exactly between the two probabilities`() throws {
        var found = 0
        try forRandomCases(2_000, seed: 474) { random, number in
            let p = try Categorical(logits: randomLogits(&random, spreads: [0.3, 1, 3]))
            let (critical, even) = (p.criticalProbability, p.breakEvenProbability)
            var mass = 0.0
            for (token, probability) in p.probabilities.enumerated() {
                // At the ends themselves rounding decides.
                guard abs(probability - critical) > 1e-12, abs(probability - even) > 1e-12 else { return }
                let between = critical < probability && probability < even
                #expect(p.isMisread(token) == between, "case \(number)")
                if between { mass += probability }
                for advantage in [0.7, -0.7] {
                    let region = try #require(p.region(of: token, advantage: advantage))
                    let raises = p.entropyPolarity(of: token, advantage: advantage) > 0
                    #expect((region.raisesEntropy != raises) == between, "case \(number)")
                }
            }
            #expect(isClose(p.misreadMass, mass, absolute: 1e-14), "case \(number)")
            if mass > 0 { found += 1 }
        }
        #expect(found > 200)
    }

    @Test func `on fifty standard normal logits the rule is right about nine tokens in ten`() throws {
        var (agreed, mass) = (0, 0.0)
        try forRandomCases(seed: 475) { random, _ in
            let p = try Categorical(logits: randomRow(&random, count: 50))
            agreed += p.probabilities.indices.reduce(0) { p.isMisread($1) ? $0 : $0 + 1 }
            mass += p.misreadMass
        }
        let share = Double(agreed) / 50_000
        #expect(abs(share - 0.92) < 0.02, "\(share)")
        // The misread tokens are likely ones, so a drawn token is misread more often.
        #expect(mass / 1_000 > 1 - share, "\(mass / 1_000)")
    }

    @Test func `statistics of a sampled token know as much as the distribution`() throws {
        try forRandomCases(seed: 476) { random, number in
            let logits = randomLogits(&random, spreads: [0.3, 1, 3])
            let p = try Categorical(logits: logits)
            let token = random.integer(below: logits.count)
            var stream = StreamingStatistics()
            stream.add(contentsOf: logits)
            let statistics = try #require(stream.statistics(tokenLogit: logits[token]))
            let advantage = random.normalPair().0
            #expect(
                isClose(
                    statistics.entropyPolarity(advantage: advantage),
                    p.entropyPolarity(of: token, advantage: advantage), absolute: 1e-13), "case \(number)")
            #expect(isClose(statistics.entropySensitivity, p.entropySensitivity(of: token)), "case \(number)")
            guard abs(p.discriminant(of: token)) > 1e-12, abs(p.centredDiscriminant(of: token)) > 1e-12 else { return }
            #expect(statistics.region(advantage: advantage) == p.region(of: token, advantage: advantage))
            #expect(statistics.isMisread == p.isMisread(token), "case \(number)")
        }
    }
}
