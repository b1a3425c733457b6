// `comparison.json`: what was compared, and what every arm came to.

import Analysis

/// The result of a comparison, or of the part of it that is finished.
public struct ComparisonSummary: Codable, Sendable, Equatable {
    /// The policy that every arm starts from.
    public struct Start: Codable, Sendable, Equatable {
        public var passAtK: [StartPoint]
        public var entropy: Double
        public var meanLength: Double
    }

    public struct StartPoint: Codable, Sendable, Equatable {
        public var k: Int
        public var pass: IntervalValue
    }

    /// What all arms share.
    public struct Setting: Codable, Sendable, Equatable {
        public var model: String
        public var environment: String
        public var steps: Int
        public var promptsPerStep: Int
        public var completionsPerPrompt: Int
        public var seeds: [Int]

        public init(
            model: String, environment: String, steps: Int, promptsPerStep: Int, completionsPerPrompt: Int,
            seeds: [Int]
        ) {
            self.model = model
            self.environment = environment
            self.steps = steps
            self.promptsPerStep = promptsPerStep
            self.completionsPerPrompt = completionsPerPrompt
            self.seeds = seeds
        }
    }

    public var version = 1
    public var setting: Setting
    public var evaluation: EvaluationSettings
    /// Finished runs, and all of them.
    public var finishedRuns: Int
    public var totalRuns: Int
    /// Name of the arm that the others are compared with.
    public var baseline: String
    /// Name of the random-drop control, and the share that it drops, once it has begun.
    public var control: String?
    public var controlShare: Double?
    public var start: Start
    public var arms: [ArmSummary]
    public var runs: [RunResult]

    /// - Parameter results: finished runs; arms without any are left out.
    /// - Throws: `AnalysisError` if a result was evaluated otherwise than the start.
    public init(
        plan: ComparisonPlan, setting: Setting, start: EvaluationRecord, results: [RunResult], controlShare: Double?
    ) throws {
        for result in results where result.evaluation.settings != start.settings {
            throw AnalysisError(
                .outOfRange, "\(result.arm) with seed \(result.seed) was evaluated otherwise than the start",
                place: result.arm)
        }
        let names = plan.allArms.map(\.name)
        let baseline = ComparisonPlan.baseline(of: plan.arms)?.name ?? ""
        let known = results.filter { names.contains($0.arm) && plan.seeds.contains($0.seed) }
            .sorted { ($0.seed, names.firstIndex(of: $0.arm) ?? 0) < ($1.seed, names.firstIndex(of: $1.arm) ?? 0) }
        let reference = known.filter { $0.arm == baseline }
        self.setting = setting
        evaluation = start.settings
        finishedRuns = known.count
        totalRuns = plan.total
        self.baseline = baseline
        control = plan.allArms.first { $0.algorithm == "random_drop" }?.name
        self.controlShare = controlShare
        self.start = Start(
            passAtK: try start.settings.ks.map { k in
                StartPoint(
                    k: k,
                    pass: IntervalValue(
                        try CrossedBootstrap.mean(
                            of: [try start.passAtK(k)], name: "pass@\(k)", seed: UInt64(max(0, start.settings.seed)))))
            }, entropy: start.entropy, meanLength: start.meanLength)
        arms = try names.compactMap { name in
            let runs = known.filter { $0.arm == name }
            return runs.isEmpty
                ? nil : try ArmSummary(runs, start: start, baseline: name == baseline ? nil : reference)
        }
        runs = known
    }
}
