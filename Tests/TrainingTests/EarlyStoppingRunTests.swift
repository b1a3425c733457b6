// Early stopping in a run: it ends with the peak's bits, and a resumed run is the run that was never stopped.

import Foundation
import Runs
import Testing
import Torch
import Training

@Suite struct EarlyStoppingRunTests {
    /// A learning rate that breaks the model, so that no test betters the first.
    static let harmful = "3e-1"
    static let options = ["early_stopping={patience: 2, campaign_steps: 9, problems: 6, samples: 4}"]

    @Test func `a run that only gets worse ends after its patience with the weights it began with`() throws {
        let start = try WarmStart()
        let yaml = start.yaml("run", learningRate: Self.harmful)
        // without entropy's push a warm-started model has nothing to gain but by luck
        let path = try TrainingRun(try TinyRun.config(yaml, Self.options), resume: false).run()
        let records = try MetricsLog.read(file: start.scratch("run/metrics.jsonl"))
        let tests = records.compactMap { $0["early_stopping/pass_at_1"]?.number }
        let peaks = records.compactMap { $0["early_stopping/peak"]?.number }
        #expect(tests.count == records.count && (records.first?["tokens/test"]?.number ?? 0) > 0)
        // the peak is the running maximum of the tests
        var best = -1.0
        for (test, peak) in zip(tests, peaks) {
            best = max(best, test)
            #expect(peak == best)
        }
        let peakStep = try #require(tests.firstIndex(of: best))
        #expect(records.count == min(6, peakStep + 2))
        let kept = start.scratch("run/peaks/step-00000\(peakStep)")
        #expect(try weights(path) == weights(kept), "the run ends with the bits of its peak")
        if peakStep == 0 { #expect(try weights(path) == weights(start.model)) }
    }

    @Test func `campaigns go on from the peak, and stopped anywhere the run ends with the same bits`() throws {
        let start = try WarmStart()
        let options = [
            "early_stopping={patience: 1, campaign_steps: 3, campaigns: 9, problems: 6, samples: 2}"
        ]
        let yamls = Dictionary(
            uniqueKeysWithValues: ["whole", "cut-3", "cut-5"].map { ($0, start.yaml($0, learningRate: "3e-2")) })
        func config(_ name: String, steps: Int? = nil) throws -> TrainConfig {
            try TinyRun.config(try #require(yamls[name]), options, steps: steps)
        }
        let whole = try TrainingRun(try config("whole"), resume: false).run()
        let expected = try timeless(start.scratch("whole/metrics.jsonl"))
        let campaigns = expected.compactMap { $0["early_stopping/campaign"]?.number }
        #expect(expected.count == 6 && (campaigns.last ?? 0) > 1, "\(campaigns)")
        for stop in [3, 5] {
            let name = "cut-\(stop)"
            // a kill between two checkpoints: metrics and peaks are ahead of the newest one
            _ = try TrainingRun(try config(name, steps: stop), resume: false).run()
            let checkpoints = CheckpointStore(folder: start.scratch(name + "/checkpoints"))
            try FileManager.default.removeItem(atPath: checkpoints.path(ofStep: stop))
            let run = try TrainingRun(try config(name), resume: true)
            #expect(run.completedSteps == stop - 1)
            #expect(try weights(run.run()) == weights(whole), "stopped after \(stop)")
            #expect(try timeless(start.scratch(name + "/metrics.jsonl")) == expected, "stopped after \(stop)")
        }
        // peaks that no checkpoint names are gone
        let kept = try FileManager.default.contentsOfDirectory(atPath: start.scratch("whole/peaks"))
        #expect(kept.filter { $0.hasPrefix("step-") }.count <= 3, "\(kept)")
    }
}
