// Predictions of ΔH err by the square and the cube of the step, on random rows and on whole updates.

import EntropyDynamics
import Testing
import Trajectories

@testable import Simulation

@Suite struct StepSizeTests {
    @Test func `bumps of random rows err by the square and the cube of the step`() throws {
        var counted = 0
        try forRandomRows(3_000) { random, _ in
            let row = try randomRow(&random, vocabulary: 2 + random.integer(below: 15))
            let bump = row.bump(of: random.integer(below: row.vocabulary))
            counted += check(exact: bump.exact, first: bump.firstOrder, second: bump.secondOrder) ? 1 : 0
        }
        #expect(counted >= 1_000)
    }

    @Test func `policy-gradient, entropy-bonus and random steps of random rows do so too`() throws {
        var counted = 0
        try forRandomRows(3_000) { random, number in
            let row = try randomRow(&random, vocabulary: 2 + random.integer(below: 15))
            let token = random.integer(below: row.vocabulary)
            let step =
                switch number % 3 {
                case 0: row.policyGradientStep(on: token)
                case 1: row.entropyBonusStep()
                default: try LogitDisplacement(row, along: (0..<row.vocabulary).map { _ in random.normalPair().0 })
                }
            counted += check(exact: step.exact, first: step.firstOrder, second: step.secondOrder) ? 1 : 0
        }
        #expect(counted >= 1_000)
    }

    @Test func `the experiment finds both orders and the void under Adam on every seed`() throws {
        let result = try StepSize.run(seeds: 5)
        #expect(result.findings.count == 7 && result.tables.count == 3)
        for finding in result.findings { #expect(finding.holds, "\(finding.claim): \(finding.measured)") }
        #expect(result.tables[0].columns.allSatisfy { $0.values.count == StepSizeSeed.sizes.count })
        #expect(result.tables[1].columns.allSatisfy { $0.values.count == 200 })
    }

    /// Slopes between a step and its half; false where a leading coefficient is too small to show one.
    private func check(
        exact: (Double) -> Double, first: (Double) -> Double, second: (Double) -> Double
    ) -> Bool {
        let step = 1e-3
        func errors(_ prediction: (Double) -> Double) -> (whole: Double, half: Double) {
            ((prediction(step) - exact(step)).magnitude, (prediction(step / 2) - exact(step / 2)).magnitude)
        }
        let (one, two) = (errors(first), errors(second))
        guard one.whole > 1e-2 * step * step, two.whole > 1e-2 * step * step * step else { return false }
        #expect((one.whole / one.half - 4).magnitude < 0.2)
        #expect((two.whole / two.half - 8).magnitude < 0.8)
        return true
    }
}
