// Histograms of pass rates add up, and all arms start from the same problems.

import Testing

@testable import Simulation

@Suite struct PassRateTests {
    @Test func `every histogram adds up to 1 and every arm starts from the same one`() throws {
        let runs = try PassRateArm.all(seeds: 5)
        #expect(runs.count == 3)
        for seed in 0..<5 {
            #expect(runs.allSatisfy { $0[seed].start.bins == runs[0][seed].start.bins })
            for run in runs.map({ $0[seed] }) {
                #expect(run.history.count == 201)
                for rates in run.history { #expect((rates.bins.reduce(0, +) - 1).magnitude < 1e-9) }
                #expect(run.end.mean > run.start.mean)
            }
            #expect(runs[0][seed].dropped == 0 && runs[1][seed].dropped > 0 && runs[2][seed].dropped > 0)
        }
    }

    @Test func `a pass rate of 1 is in the highest tenth`() {
        let rates = PassRates([0, 0.05, 0.25, 1])
        #expect(rates.lowest == 0.5 && rates.middle == 0.25 && rates.highest == 0.25 && rates.mean == 0.325)
    }
}
