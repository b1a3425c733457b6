// The configurations of a comparison: one per arm, checked to have equal data and budget, and the control's.

import Algorithms
import Comparison
import ConfigCoding
import Environments
import Training
import Trajectories

/// Decodes arms; every run gets its own output and seed by overrides, so that its folder says what it was.
struct ComparisonConfigs {
    private let folder: ComparisonFolder
    private let overrides: [String]
    private let files: [String: String]
    private let arms: [ComparisonArm]
    /// File of the arm that the control is made from, and what turns it into the control.
    private let controlFile: String?
    private let controlKeys: (Double) -> [String]
    /// The first arm at the first seed, whose held-out problems are everybody's.
    let first: TrainConfig

    /// - Throws: `ConfigError`, or `CommandError` for arms that do not have equal data and budget.
    init(_ paths: [String], overrides: [String], folder: ComparisonFolder, firstSeed: Int) throws {
        self.folder = folder
        self.overrides = overrides
        var arms: [ComparisonArm] = []
        var configs: [TrainConfig] = []
        var files: [String: String] = [:]
        for path in paths {
            let name = Self.name(of: path)
            guard files.updateValue(path, forKey: name) == nil else {
                throw CommandError("two configurations are named \(name); arms are named after their files, rename one")
            }
            let config = try Self.config(path, overrides, folder: folder, name: name, seed: firstSeed)
            for sentence in config.warnings { warn("\(name): \(sentence)") }
            let plan = config.algorithm.rolloutPlan
            arms.append(
                ComparisonArm(
                    name: name, algorithm: config.algorithm.name, maySampleMore: plan.replacesGroupsWithoutContrast,
                    isPlain: config.isPlain))
            configs.append(config)
        }
        guard let first = configs.first else { throw CommandError("name at least one configuration") }
        for (config, path) in zip(configs, paths).dropFirst() {
            if let difference = try Self.difference(first, config) {
                throw CommandError(
                    "\(paths[0]) and \(path) differ in \(difference), and a comparison needs equal data and budget; "
                        + "make them equal, for instance with --set")
            }
        }
        self.arms = arms
        self.files = files
        self.first = first
        let free = configs.indices.filter { index in
            configs[index].earlyStopping == nil
                && !configs[index].algorithm.controllers.contains { $0.name == "thermostat" }
        }
        let base = free.first { arms[$0].isPlain } ?? free.first
        controlFile = base.map { paths[$0] }
        // plain GRPO's options hold for the control too; what makes another algorithm would make its control as well
        let keepsKeys = base.map { arms[$0].isPlain } ?? false
        controlKeys = { share in
            keepsKeys
                ? ["algorithm.name=random_drop", "algorithm.share=\(share)"]
                : ["algorithm={name: random_drop, share: \(share)}"]
        }
    }

    /// - Throws: `CommandError` where there is nothing to make the control or the token budget from.
    func plan(seeds: [Int], controlShare: Double?, tokenBudget: Int?) throws -> ComparisonPlan {
        let isConfigured = arms.contains { $0.algorithm == "random_drop" }
        guard !isConfigured || controlShare == nil else {
            throw CommandError("--control-share has no effect beside a configuration of random_drop; leave one out")
        }
        guard isConfigured || !arms.contains(where: { $0.name == ComparisonPlan.controlName }) else {
            throw CommandError("\(ComparisonPlan.controlName) is the control's name; rename that configuration")
        }
        guard isConfigured || controlFile != nil else {
            throw CommandError(
                "every configuration has a thermostat or stops early, so none can be made the control; add "
                    + "configs/random-drop.yaml")
        }
        let control: ComparisonPlan.Control =
            isConfigured ? .configured : (controlShare ?? folder.controlShare).map { .share($0) } ?? .matched
        let plan = ComparisonPlan(arms: arms, seeds: seeds, control: control, tokenBudget: tokenBudget)
        guard plan.hasBudget else {
            throw CommandError(
                "every arm may sample further prompts, so none sets the token budget; add one with a fixed number of "
                    + "prompts or give --token-budget")
        }
        return plan
    }

    /// The configuration of one run.
    func config(for work: ComparisonPlan.Work) throws -> TrainConfig {
        var extra: [String] = []
        if let share = work.share { extra += controlKeys(share) }
        if let budget = work.tokenBudget { extra.append("training.token_budget=\(budget)") }
        guard let path = work.share == nil ? files[work.arm.name] : controlFile else {
            throw CommandError("there is no configuration for the arm \(work.arm.name)")
        }
        return try Self.config(path, overrides + extra, folder: folder, name: work.arm.name, seed: work.seed)
    }

    private static func config(
        _ path: String, _ overrides: [String], folder: ComparisonFolder, name: String, seed: Int
    ) throws -> TrainConfig {
        let own = ["output=\(folder.run(name, seed))", "seed=\(seed)"]
        return try TrainConfig(try ConfigSection.load(file: path, overrides: overrides + own))
    }

    /// `configs/clip-v.yaml` as `clip-v`.
    private static func name(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    }

    /// The first thing that must be equal and is not.
    private static func difference(_ a: TrainConfig, _ b: TrainConfig) throws -> String? {
        let pairs: [(String, String, String)] = [
            ("model", a.model, b.model), ("prompts", a.prompts ?? "none", b.prompts ?? "none"),
            ("data", "\(a.data)", "\(b.data)"),
            ("environment.name", a.environmentName, b.environmentName),
            ("rollout.prompts_per_step", "\(a.rollout.promptsPerStep)", "\(b.rollout.promptsPerStep)"),
            (
                "rollout.completions_per_prompt", "\(a.rollout.completionsPerPrompt)",
                "\(b.rollout.completionsPerPrompt)"
            ),
            ("rollout.temperature", "\(a.rollout.temperature)", "\(b.rollout.temperature)"),
            ("rollout.max_new_tokens", "\(a.rollout.maxNewTokens)", "\(b.rollout.maxNewTokens)"),
            ("training.steps", "\(a.training.steps)", "\(b.training.steps)"),
        ]
        if let (key, left, right) = pairs.first(where: { $0.1 != $0.2 }) { return "\(key) (\(left), \(right))" }
        // options of the environment show in its problems
        for split in Split.allCases {
            let count = min(8, a.environment.count(of: split) ?? 8, b.environment.count(of: split) ?? 8)
            for index in 0..<count
            where try a.environment.problem(index, split: split) != b.environment.problem(index, split: split) {
                return "the problems of their environment"
            }
        }
        return nil
    }
}

extension TrainConfig {
    /// Whether this is GRPO with nothing beside it.
    fileprivate var isPlain: Bool {
        algorithm.name == "grpo" && algorithm.credit is GroupNormalisedCredit && algorithm.controllers.isEmpty
            && algorithm.rules.isEmpty && algorithm.shapings.isEmpty && algorithm.regularisers.isEmpty
            && algorithm.rolloutPlan == RolloutPlan() && earlyStopping == nil
    }
}
