// The four interventions have the four signs, on every seed.

import Simulation
import Testing

@Suite struct InterventionTests {
    @Test(arguments: ["interventions", "centred-interventions"])
    func `each quadrant moves entropy the way its signs say, on every seed`(name: String) throws {
        let result = try ExperimentCatalogue.experiment(named: name).run(seeds: 5)
        #expect(result.findings.count == 4)
        for finding in result.findings { #expect(finding.holds, "\(finding.claim): \(finding.measured)") }
    }
}
