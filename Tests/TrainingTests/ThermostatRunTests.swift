// The thermostat in the trainer: corrections meet what is wanted, reports change nothing, and a killed run goes on to the same bits.

import Algorithms
import ConfigCoding
import Foundation
import Models
import Runs
import Testing
import Torch
import Training

@Suite struct ThermostatRunTests {
    static let actuators = ["projected_update", "flow_scaling", "clip_v", "entropy_coefficient"]

    private func thermostat(_ yaml: String) -> String { "thermostat={\(yaml)}" }

    @Test(arguments: actuators) func `a report leaves every weight as it is without a thermostat`(actuator: String)
        throws
    {
        let start = try WarmStart()
        let plain = try TrainingRun(try TinyRun.config(start.yaml("plain")), resume: false).run()
        let reported = try TrainingRun(
            try TinyRun.config(start.yaml("reported"), [thermostat("mode: report, actuator: \(actuator)")]),
            resume: false
        ).run()
        let held = try TrainingRun(
            try TinyRun.config(start.yaml("held"), [thermostat("actuator: \(actuator), target: {value: 1.3}")]),
            resume: false
        ).run()
        #expect(try weights(plain) == weights(reported))
        #expect(try weights(plain) != weights(held))
        let records = try MetricsLog.read(file: start.scratch("reported/metrics.jsonl"))
        for key in [
            "target", "error", "wanted", "predicted", "achieved", "knob", "share", "pending", "integral", "saturated",
        ] {
            #expect(records.allSatisfy { $0["thermostat/\(key)"] != nil }, "\(key) is missing")
        }
        #expect(records.contains { ($0["thermostat/knob"]?.number ?? 0) != 0 })
    }

    @Test func `the corrected step is predicted to change entropy as wanted`() throws {
        let start = try WarmStart()
        let config = try TinyRun.config(
            start.yaml("held"), [thermostat("cap: .inf, horizon: 2, target: {value: 1.1}")])
        _ = try TrainingRun(config, resume: false).run()
        for record in try MetricsLog.read(file: start.scratch("held/metrics.jsonl")) {
            let wanted = try #require(record["thermostat/wanted"]?.number)
            let predicted = try #require(record["entropy/predicted_parameter"]?.number)
            let without = try #require(record["thermostat/predicted"]?.number)
            #expect(abs(predicted - wanted) < 1e-4 * (abs(wanted) + abs(without)), "weight decay and clipping included")
            #expect(abs(without - wanted) > 1e-4 * abs(wanted))
        }
    }

    @Test(arguments: actuators) func `stopped after any step, a held run goes on to the same bits`(actuator: String)
        throws
    {
        let start = try WarmStart()
        let extra = [
            thermostat("actuator: \(actuator), integral_gain: 0.05, target: {shape: linear, to: 1.3, updates: 12}"),
            "training.mini_batches=2",
        ]
        let whole = try TrainingRun(try TinyRun.config(start.yaml("whole"), extra), resume: false).run()
        let expected = try timeless(start.scratch("whole/metrics.jsonl"))
        for stop in [2, 4] {
            let yaml = start.yaml("cut-\(stop)")
            _ = try TrainingRun(try TinyRun.config(yaml, extra, steps: stop), resume: false).run()
            let resumed = try TrainingRun(try TinyRun.config(yaml, extra), resume: true).run()
            #expect(try weights(resumed) == weights(whole), "stopped after \(stop)")
            #expect(try timeless(start.scratch("cut-\(stop)/metrics.jsonl")) == expected, "stopped after \(stop)")
        }
    }

    /// Schedules that depend on the length of the run: a killed run is one whose later checkpoints never were.
    @Test(arguments: [
        "{name: skywork, target_entropy: 9, step: 0.01, coefficient_max: 0.1}",
        "{name: flexible_clip, schedule: oscillatory_decay}",
        "{name: positive_advantage, threshold: 0.01, step: 0.1}", "{name: positive_advantage, schedule: stages}",
    ])
    func `an algorithm with a controller goes on to the same bits`(algorithm: String) throws {
        let start = try WarmStart()
        // steps long enough for ratios to reach a clip bound
        let shared = ["training.mini_batches=2", "optimiser.learning_rate=3e-2"]
        let extra = shared + ["algorithm=\(algorithm)", "checkpoint.keep=9"]
        let whole = try TrainingRun(try TinyRun.config(start.yaml("whole"), extra), resume: false).run()
        let yaml = start.yaml("killed")
        _ = try TrainingRun(try TinyRun.config(yaml, extra), resume: false).run()
        let checkpoints = CheckpointStore(folder: start.scratch("killed/checkpoints"))
        for step in [4, 6] { try FileManager.default.removeItem(atPath: checkpoints.path(ofStep: step)) }
        let run = try TrainingRun(try TinyRun.config(yaml, extra), resume: true)
        #expect(run.completedSteps == 2)
        #expect(try weights(try run.run()) == weights(whole))
        #expect(
            try timeless(start.scratch("killed/metrics.jsonl")) == timeless(start.scratch("whole/metrics.jsonl")))
        let plain = try TrainingRun(
            try TinyRun.config(start.yaml("plain"), shared + ["algorithm={name: grpo}"]),
            resume: false
        ).run()
        #expect(try weights(plain) != weights(whole))
    }

    @Test func `without measurement it is refused in a sentence`() throws {
        let start = try WarmStart()
        let error = #expect(throws: ConfigError.self) {
            try TinyRun.config(start.yaml("run"), [thermostat("mode: hold"), "training.measure_entropy=false"])
        }
        #expect("\(error.map { "\($0)" } ?? "")".hasPrefix("training.measure_entropy must be true beside a thermostat"))
        let seldom = #expect(throws: ConfigError.self) {
            try TinyRun.config(start.yaml("run"), [thermostat("mode: hold"), "training.measure_every=2"])
        }
        #expect("\(seldom.map { "\($0)" } ?? "")".hasPrefix("training.measure_every must be 1 beside a thermostat"))
    }

    @Test func `a refused update leaves the thermostat without a report and the weights alone`() throws {
        let given = try UpdateCase(seed: 5)
        let before = try given.values()
        var optimiser = try withTorchErrors { AdamW(given.model.parameters.map(\.tensor), options: .init()) }
        for actuator: Steering.Actuator in [
            .projectedUpdate(cap: 1), .flowScaling(limit: 0.5), .entropyCoefficient(range: -1...1), .rule,
        ] {
            let report = try given.updater().update(
                given.sequences, optimiser: &optimiser, learningRate: 0.1, measures: true
            ) { statistics in
                var g1 = [Float](repeating: 0.1, count: statistics.count)
                g1[0] = .infinity
                return TokenDerivatives(
                    g1: g1, g2: [Float](repeating: 0, count: statistics.count),
                    steering: Steering(actuator: actuator, wanted: 0.1, horizon: 1, rateLimit: 1, isDryRun: false),
                    flow: g1)
            }
            #expect(!report.gradientNorm.isFinite && report.steering?.knob ?? 0 == 0)
            #expect(report.steering.map { $0.outcome == .notFinite } ?? true)
            #expect(optimiser.stepCount == 0)
            #expect(try given.values() == before)
        }
    }

    /// With plain descent the effect of the whole gradient is the step's, and the knob enters it linearly.
    @Test(arguments: [Steering.Actuator.flowScaling(limit: 0.9), .entropyCoefficient(range: -10...10)])
    func `under plain descent a knob of the gradient is predicted exactly`(actuator: Steering.Actuator) throws {
        for seed: UInt64 in 1...4 {
            func predicted(_ wanted: Double, dry: Bool) throws -> (prediction: Double, report: SteeringReport) {
                let given = try UpdateCase(seed: seed)
                var optimiser = try withTorchErrors {
                    AdamW(given.model.parameters.map(\.tensor), options: UpdateCase.descent)
                }
                let report = try given.updater().update(
                    given.sequences, optimiser: &optimiser, learningRate: 1e-2 * UpdateCase.descent.epsilon,
                    measures: true
                ) { statistics in
                    // half of the tokens raise, half lower, and a few do neither
                    let flow = given.derivatives.g1.enumerated().map { $0 % 5 == 0 ? 0 : $0 % 2 == 0 ? $1 : -$1 }
                    return TokenDerivatives(
                        g1: given.derivatives.g1, g2: given.derivatives.g2,
                        steering: Steering(actuator: actuator, wanted: wanted, horizon: 1, rateLimit: 1, isDryRun: dry),
                        flow: flow)
                }
                return (try #require(report.parameterPrediction), try #require(report.steering))
            }
            let plain = try predicted(0, dry: true)
            #expect(abs(plain.report.predicted - plain.prediction) < 1e-3 * abs(plain.prediction))
            let aim = plain.prediction * 1.05
            let steered = try predicted(aim, dry: false)
            let limit = steered.report.outcome == .saturated
            #expect(abs(steered.prediction - (limit ? steered.report.achieved : aim)) < 2e-3 * abs(aim))
            #expect(steered.report.knob != 0)
        }
    }
}
