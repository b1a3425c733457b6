// `maxwell compare`: several configurations with equal data, seeds and token budget, evaluated alike and drawn together.

import ArgumentParser
import Comparison
import Runs
import Torch
import Training

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Runs several configurations with equal data, seeds and token budget, and draws the comparison.",
        discussion: """
            Writes DIR/comparison.json, DIR/comparison.html and DIR/figures/*.svg after every run; run folders lie in \
            DIR/runs. The same command again goes on where it was stopped: finished runs are not made again. A control \
            that drops as many tokens at random as the other arms do is always among the arms.
            """)

    @Argument(help: "YAML files such as configs/grpo.yaml; the arms are named after them.") var configs: [String]
    @Option(help: "Runs of each arm, with consecutive seeds.") var seeds = 3
    @Option(help: "The first seed.") var seed = 1
    @Option(help: "The folder to write.") var out = "runs/compare"
    @Option(help: "An override of every configuration, key.path=value; may be repeated.") var set: [String] = []
    @Option(help: "Held-out problems.") var problems = 256
    @Option(help: "Completions of each held-out problem; pass@k is estimated for k = 1, 2, 4 ... up to it.")
    var samples = 16
    @Option(help: "Share of tokens that the control drops; the median of the arms that drop any if not given.")
    var controlShare: Double?
    @Option(
        help: "Sampled tokens with which arms end that may sample further prompts; the first other arm's if not given.")
    var tokenBudget: Int?
    @Flag(help: "Print comparison.json to standard output instead of the table.") var json = false

    func validate() throws {
        guard !configs.isEmpty else { throw ValidationError("name at least one configuration, as configs/grpo.yaml") }
        try OptionBounds.check("--seeds", seeds, atMost: 1000)
        try OptionBounds.check("--problems", problems)
        try OptionBounds.check("--samples", samples, atMost: 10_000)
        guard seed >= 0 else { throw ValidationError("--seed must be at least 0, got \(seed)") }
        guard controlShare.map({ 0.0...1 ~= $0 }) ?? true else {
            throw ValidationError("--control-share must lie in 0...1")
        }
        guard tokenBudget ?? 1 >= 1 else { throw ValidationError("--token-budget must be at least 1") }
    }

    func run() throws {
        let folder = try ComparisonFolder(out)
        let configs = try ComparisonConfigs(configs, overrides: set, folder: folder, firstSeed: seed)
        let plan = try configs.plan(
            seeds: Array(seed..<(seed + seeds)), controlShare: controlShare, tokenBudget: tokenBudget)
        try folder.make()
        try Runtime.prepare(threads: configs.first.threads)
        let summary = try ComparisonRuns(
            plan: plan, configs: configs, folder: folder, problems: problems, samples: samples, command: command
        ).run()
        if json { return try printJSON(summary) }
        print("\n" + ComparisonTable.text(summary))
        print("\nThe page is \(folder.path)/comparison.html, the numbers are in \(folder.path)/comparison.json.")
    }

    /// How to run this comparison again.
    private var command: String {
        var words = ["maxwell", "compare"] + configs + ["--seeds", "\(seeds)"]
        if seed != 1 { words += ["--seed", "\(seed)"] }
        for override in set { words += ["--set", override] }
        if problems != 256 { words += ["--problems", "\(problems)"] }
        if samples != 16 { words += ["--samples", "\(samples)"] }
        if let controlShare { words += ["--control-share", "\(controlShare)"] }
        if let tokenBudget { words += ["--token-budget", "\(tokenBudget)"] }
        return (words + ["--out", out]).joined(separator: " ")
    }
}
