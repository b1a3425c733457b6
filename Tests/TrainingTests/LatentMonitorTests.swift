// The monitor of latent dynamics in a run: it logs its numbers and changes none.

import Foundation
import Runs
import Testing
import Training

@Suite struct LatentMonitorTests {
    @Test func `watching logs dispersions and leaves every other number as it was`() throws {
        let start = try WarmStart()
        let plain = try TrainingRun(try TinyRun.config(start.yaml("plain")), resume: false).run()
        let options = ["logging.latent_dynamics=1"]
        let watched = try TrainingRun(try TinyRun.config(start.yaml("watched"), options), resume: false).run()
        #expect(try weights(watched) == weights(plain))
        let records = try timeless(start.scratch("watched/metrics.jsonl"))
        let stripped = records.map { record in
            MetricsRecord(step: record.step, fields: record.fields.filter { !$0.0.hasPrefix("latent/") })
        }
        #expect(try stripped == timeless(start.scratch("plain/metrics.jsonl")))
        for record in records {
            let share = try #require(record["latent/known_share"]?.number)
            #expect((0...1).contains(share))
            // one feature has one eigenvalue: no dispersion, and a modulus
            if share > 0 {
                #expect(record["latent/dispersion"]?.number == 0)
                #expect((record["latent/radius"]?.number ?? -1) > 0)
            }
        }
        #expect(records.contains { ($0["latent/known_share"]?.number ?? 0) > 0 })
    }
}
