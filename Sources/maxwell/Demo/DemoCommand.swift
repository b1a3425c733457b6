// `maxwell demo`: the main job once through, on the configs and the model shipped with Maxwell.

import ArgumentParser
import ConfigCoding
import Foundation
import Runs
import Torch
import Training

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Fine-tunes a small model on Countdown with GRPO, Clip_B and Clip_V, and draws what entropy did.",
        discussion: "Writes DIR/summary.json and DIR/report.html, and one run folder per arm and seed.")

    @Option(help: "The folder to write.") var out = "runs/demo"
    @Option(help: "The first seed.") var seed = 1
    @Option(help: "Runs of each arm, with consecutive seeds.") var seeds = 1
    @Flag(help: "Make the warm-started model first instead of taking the shipped one.") var fromScratch = false
    @Option(help: "Steps of each arm; the configs' own number if not given.") var steps: Int?
    @Option(help: "An arm's config in configs/; may be repeated (grpo, clip-b and clip-v if not given).") var arm:
        [String] = []
    @Option(help: "What matrix products take their operands as; bfloat16x3 is the sum of two bfloat16 numbers.")
    var precision =
        ComputePrecision.float32
    @Option(help: "Where it runs: cpu or cuda.") var device = Device.cpu
    @Flag(help: "Print summary.json to standard output instead of the table.") var json = false

    func validate() throws {
        guard seed >= 0, seeds >= 1, steps ?? 1 >= 1 else {
            throw ValidationError("--seeds and --steps must be at least 1, --seed at least 0")
        }
    }

    func run() throws {
        try Runtime.prepare()
        Runtime.precision = precision
        Runtime.device = try device.checked()
        let start = ContinuousClock.now
        let folder = try DemoFolder(out)
        let model = fromScratch ? try warmStart(folder) : try ProjectFolder.path(of: "models/countdown-base")
        let first = try config("grpo", model, folder, seed: seed)
        let demo = Demo(folder: folder, model: model, first: first)
        let initial = try demo.evaluate(model, title: "start")
        var arms: [DemoArm] = []
        var samples: [Demo.Evaluated] = []
        for seed in seed..<(seed + seeds) {
            for name in arm.isEmpty ? ["grpo", "clip-b", "clip-v"] : arm {
                let (arm, evaluated) = try demo.run(
                    try config(name, model, folder, seed: seed), seed: seed, initial: initial)
                arms.append(arm)
                samples.append(evaluated)
            }
        }
        let elapsed = ContinuousClock.now - start
        let summary = try DemoSummary(first, model: model, arms: arms, seconds: Double(elapsed.components.seconds))
        try demo.write(summary, samples: samples, initial: initial)
        if json { return try printJSON(summary) }
        print(DemoTable.text(summary))
        print("\nThe page is \(folder.path)/report.html, the numbers are in \(folder.path)/summary.json.")
    }

    /// An arm's configuration: the shipped file with this demo's model, folder and seed.
    private func config(_ name: String, _ model: String, _ folder: DemoFolder, seed: Int) throws -> TrainConfig {
        var overrides = [
            "precision=\(precision.rawValue)", "device=\(device.rawValue)", "model=\(model)",
            "output=\(folder.path)/\(name)-seed\(seed)",
            "seed=\(seed)",
        ]
        if let steps { overrides.append("training.steps=\(steps)") }
        let file = try ProjectFolder.path(of: "configs/\(name).yaml")
        return try TrainConfig(try ConfigSection.load(file: file, overrides: overrides))
    }

    private func warmStart(_ folder: DemoFolder) throws -> String {
        let file = try ProjectFolder.path(of: "configs/countdown-sft.yaml")
        let tokenizer = try ProjectFolder.path(of: "models/countdown-tokenizer")
        let config = try SupervisedConfig(
            try ConfigSection.load(
                file: file,
                overrides: [
                    "precision=\(precision.rawValue)", "device=\(device.rawValue)", "output=\(folder.path)/warm-start",
                    "model.tokenizer=\(tokenizer)",
                ]))
        var bar = ProgressBar("warm start", total: config.steps, unit: "updates")
        return try SupervisedRun(config, resume: false, onDamage: warn).run { bar.update($0, "loss \(fixed($1, 4))") }
    }
}

/// The demo's own folder; a former demo in it makes room, anything else is refused.
struct DemoFolder {
    let path: String
    private static let marker = "demo.json"

    init(_ path: String) throws {
        self.path = path
        let files = FileManager.default
        let held = (try? files.contentsOfDirectory(atPath: path)) ?? []
        if !held.isEmpty {
            guard held.contains(Self.marker) else {
                throw CommandError("\(path) holds something that is not a demo; name another folder with --out")
            }
            for name in held { try files.removeItem(atPath: path + "/" + name) }
        }
        try OutputFolder.make(path)
        try AtomicFile.write("{\"made_by\": \"maxwell demo\"}\n", to: path + "/" + Self.marker)
    }
}
