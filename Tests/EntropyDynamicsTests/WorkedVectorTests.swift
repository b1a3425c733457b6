// Worked vectors of the notes that no other test reads: probabilities, displacements and sensitivities to all digits.

import EntropyDynamics
import Foundation
import Testing

@Suite struct WorkedVectorTests {
    func expectEqual(_ found: [Double], _ worked: [Double], tolerance: Double = 1e-13) {
        #expect(found.count == worked.count)
        for (a, b) in zip(found, worked) { #expect(isClose(a, b, absolute: tolerance), "\(a) against \(b)") }
    }

    @Test func `four logits two, one, zero and minus one`() throws {
        let p = try Categorical(logits: [2, 1, 0, -1])
        expectEqual(
            p.probabilities, [0.6439142598879724, 0.23688281808991013, 0.08714431874203257, 0.03205860328008499])
        expectEqual(
            p.logProbabilities, [-0.4401896985611953, -1.4401896985611953, -2.4401896985611953, -3.4401896985611953])
        #expect(isClose(p.criticalProbability, 0.3876947545823588))
        expectEqual(
            p.probabilities.indices.map { p.entropySensitivity(of: $0) },
            [-0.157871, 0.285518, 0.298894, 0.248728], tolerance: 5e-7)
        expectEqual(p.discriminants, [0.326688, -0.116701, -0.130076, -0.079911], tolerance: 5e-7)
    }

    @Test(arguments: [(0, 1.0, -0.15787), (2, 1.0, 0.29889), (3, -1.0, -0.24873)])
    func `a step of a thousandth changes entropy as predicted to a thousandth`(
        token: Int, advantage: Double, polarity: Double
    ) throws {
        let p = try Categorical(logits: [2, 1, 0, -1])
        #expect(isClose(p.entropyPolarity(of: token, advantage: advantage), polarity, absolute: 5e-6))
        let rate = 1e-3
        let exact = p.policyGradientStep(on: token).exact(rate * advantage)
        let predicted = rate * p.entropyPolarity(of: token, advantage: advantage)
        #expect(abs(exact / predicted - 1) < 1e-3)
    }

    @Test func `a policy-gradient step on five logits`() throws {
        let logits = [1.5, 0.3, -0.2, 0, -2]
        let p = try Categorical(logits: logits)
        expectEqual(
            p.probabilities,
            [0.5756372098220175, 0.17337859575968148, 0.10515943406616958, 0.12844202281498207, 0.017382737537149067])
        #expect(isClose(p.criticalProbability, 0.3034296080845535))
        expectEqual(
            p.probabilities.indices.map { p.centredDiscriminant(of: $0) },
            [0.2000072825469762, -0.26562447348927726, -0.2800238337051201, -0.2790073372618657, -0.21829825093627944])
        let moves = p.policyGradientStep(on: 0).direction.map { 0.05 * $0 }
        expectEqual(
            moves,
            [
                0.021218139508899128, -0.008668929787984074, -0.005257971703308479, -0.006422101140749104,
                -0.0008691368768574534,
            ])
        let moved = try Categorical(logits: zip(logits, moves).map { $0 + $1 })
        expectEqual(
            zip(moved.probabilities, p.probabilities).map { $0 - $1 },
            [
                0.006834766996024255, -0.003107132438321031, -0.0015317033924739931, -0.002018086272320474,
                -0.0001778448929082091,
            ])
    }

    @Test func `its sampler and its advantages`() throws {
        let p = try Categorical(logits: [1.5, 0.3, -0.2, 0, -2])
        let q = try Categorical(logits: [0.3, 0.25, 0.2, 0.15, 0.1].map { log($0) })
        let step = try OffPolicyStep(policy: p, sampler: q)
        #expect(abs(step.meanDeviation()) <= 1e-15)
        #expect(isClose(step.meanDeviation(.ignored), -0.12608962603215826))
        let advantages = [1, -0.5, 0.25, -1, 2]
        #expect(isClose(try p.covariance(advantages, p.discriminants), 0.159043670582993))
        let mean = p.mean { advantages[$0] }
        let centred = try p.tabularPolicyGradientStep(advantages: advantages.map { $0 - mean })
        #expect(isClose(centred.firstOrder(1), -0.159043670582993))
        #expect(isClose(try step.expectedStep(advantages: advantages).firstOrder(1), -0.159043670582993))
    }
}
