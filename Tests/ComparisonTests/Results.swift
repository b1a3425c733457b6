// Made-up results of runs, so that plans and summaries are tested without training.

import Comparison
import Trajectories

enum Results {
    static let settings = EvaluationSettings(problems: 6, samples: 4, temperature: 1, maxNewTokens: 8, seed: 3)

    static func record(_ correct: [Int], entropy: Double = 0.5) -> EvaluationRecord {
        EvaluationRecord(settings: settings, correct: correct, entropy: entropy, meanLength: 5)
    }

    static func result(
        _ arm: String, _ seed: Int, algorithm: String = "grpo", tokens: Int = 1000, dropped: Double? = nil,
        correction: Double? = nil, correct: [Int] = [0, 1, 2, 3, 4, 0], entropy: Double = 0.4
    ) -> RunResult {
        RunResult(
            arm: arm, algorithm: algorithm, seed: seed, steps: 10, updates: 10, sampledTokens: tokens,
            sampledCompletions: 100, droppedShare: dropped, correctionShare: correction, seconds: 1,
            evaluation: record(correct, entropy: entropy))
    }

    static func finished(_ work: ComparisonPlan.Work, dropped: Double? = nil) -> RunResult {
        result(
            work.arm.name, work.seed, algorithm: work.arm.algorithm, tokens: 1000 + work.seed,
            dropped: work.share ?? dropped)
    }
}
