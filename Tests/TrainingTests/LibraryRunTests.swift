// Whole training runs on the operators for devices other than the CPU, forced on CPU tensors: the fused run's numbers, and resuming.

import ConfigCoding
import Foundation
import Runs
import Testing
import Torch
import Training
import Trajectories

@Suite struct LibraryRunTests {
    /// Options of a run beside the tiny one's: both precisions, a reference policy, and actuators that correct the step and scale flows.
    static let runs = [
        ["precision=float32"], ["precision=bfloat16"],
        [
            "algorithm.kl_coefficient=0.5", "algorithm.kl_estimator=k2",
            "thermostat={actuator: projected_update, cap: .inf, target: {value: 1.1}}",
        ],
        ["thermostat={actuator: flow_scaling, target: {value: 1.1}}"],
    ]

    /// What a run writes of the policy, apart from times, and from differences of rounding.
    static let compared = [
        "reward/mean", "tokens/completion", "entropy/before", "entropy/after", "entropy/measured_change",
        "entropy/predicted_parameter", "entropy/predicted_token", "optimiser/gradient_norm",
    ]

    /// The other order of a sum of n terms gives what the same order would give of terms changed by at most n half ulps each (Higham,
    /// Accuracy and Stability of Numerical Algorithms, section 3.1); no sum of these runs is longer than the vocabulary of 256. So runs
    /// of the fused passes from weights that are changed that much, at random, show how far rounding makes a run drift; and each update
    /// rounds anew what the one before left.
    @Test(arguments: runs) func `a run drifts from the fused run no further than rounding takes it`(options: [String])
        throws
    {
        let start = try WarmStart()
        func records(_ name: String, _ more: [String] = []) throws -> [MetricsRecord] {
            let config = try TinyRun.config(start.yaml(name, algorithm: "grpo"), options + more)
            _ = try TrainingRun(config, resume: false).run()
            return try MetricsLog.read(file: start.scratch(name + "/metrics.jsonl"))
        }
        let fused = try records("fused")
        func drift(_ other: [MetricsRecord]) throws -> [String: Double] {
            #expect(other.count == fused.count)
            var worst: [String: Double] = [:]
            for (a, b) in zip(other, fused) {
                for key in Self.compared {
                    let (found, expected) = (try #require(a[key]?.number), try #require(b[key]?.number))
                    worst[key] = max(worst[key] ?? 0, abs(found - expected))
                }
            }
            return worst
        }
        let rounding = options.contains("precision=bfloat16") ? 0x1p-9 : 256 * 0x1p-24
        var allowed: [String: Double] = [:]
        for seed: UInt64 in 1...3 {
            let model = start.scratch("changed-\(seed)")
            try changed(start.model, by: rounding, seed: seed, to: model)
            // a reference is the initial model unless told
            let more =
                ["model=\(model)"] + (options.contains { $0.contains("kl_") } ? ["reference=\(start.model)"] : [])
            allowed.merge(try drift(try records("fused-\(seed)", more))) { max($0, $1) }
        }
        let found = try withLibraryOperators { try drift(try records("library")) }
        print("\(options): \(Self.compared.map { "\($0) \(found[$0] ?? .nan) of \(allowed[$0] ?? .nan)" })")
        for key in Self.compared {
            let (distance, bound) = (try #require(found[key]), try #require(allowed[key]))
            #expect(distance <= Double(fused.count) * bound, "\(key)")
        }
    }

    /// A copy of a model folder whose weights are changed by at most a fraction of each.
    private func changed(_ folder: String, by fraction: Double, seed: UInt64, to copy: String) throws {
        try FileManager.default.copyItem(atPath: folder, toPath: copy)
        var random = RandomSource(seed: seed, purpose: .testing)
        let file = try SafetensorsFile(folder + "/model.safetensors")
        let tensors = try withTorchErrors {
            try file.names.map { name in
                let tensor = try file.tensor(name)
                let values = tensor.floats.map { Float(Double($0) * (1 + fraction * (2 * random.uniform() - 1))) }
                return (name: name, tensor: Tensor(values, shape: tensor.shape))
            }
        }
        try Safetensors.write(tensors, metadata: ["format": "pt"], to: copy + "/model.safetensors")
    }

    @Test func `stopped and resumed, a run goes on to the same bits`() throws {
        let start = try WarmStart()
        try withLibraryOperators {
            let whole = try TrainingRun(try TinyRun.config(start.yaml("whole")), resume: false).run()
            let yaml = start.yaml("cut")
            _ = try TrainingRun(try TinyRun.config(yaml, steps: 2), resume: false).run()
            let resumed = try TrainingRun(try TinyRun.config(yaml), resume: true).run()
            #expect(try weights(resumed) == weights(whole))
            #expect(
                try timeless(start.scratch("cut/metrics.jsonl")) == timeless(start.scratch("whole/metrics.jsonl")))
        }
    }

    @Test(.enabled(if: Runtime.cudaDevices == 0))
    func `a run on a device that is not there is refused before its folder is made`() throws {
        let start = try WarmStart()
        let config = try TinyRun.config(start.yaml("run"), ["device=cuda"])
        let error = #expect(throws: TorchError.self) { try TrainingRun(config, resume: false) }
        #expect(error?.message.hasPrefix("device cuda was asked for, but libtorch") == true)
        #expect(!FileManager.default.fileExists(atPath: start.scratch("run")))
    }

    @Test func `an unknown device is answered with the nearest`() {
        let error = #expect(throws: ConfigError.self) {
            try TinyRun.config(TinyRun.yaml(model: "m", output: "o", problems: "p"), ["device=cud"])
        }
        #expect(error?.description.contains("cuda") == true, "\(String(describing: error))")
    }
}
