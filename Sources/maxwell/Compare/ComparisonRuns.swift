// The work of a comparison: train and evaluate what the plan asks for, and write the page after each run.

import Analysis
import Comparison
import Foundation
import Runs
import Torch
import Training

struct ComparisonRuns {
    let plan: ComparisonPlan
    let configs: ComparisonConfigs
    let folder: ComparisonFolder
    let problems: Int
    let samples: Int
    let command: String
    /// One seed for all evaluations, so that arms meet the same problems and the same random numbers.
    private static let evaluationSeed = 20_260_203

    private var settings: EvaluationSettings {
        EvaluationSettings(
            problems: problems, samples: samples, temperature: configs.first.rollout.temperature,
            maxNewTokens: configs.first.rollout.maxNewTokens, seed: Self.evaluationSeed)
    }

    /// Goes through the plan from its beginning: takes the runs that are finished and makes the others.
    /// - Throws: one sentence about a run, a folder or a configuration.
    func run() throws -> ComparisonSummary {
        let start = try startRecord()
        var results: [RunResult] = []
        while let work = plan.next(after: results) {
            if let share = work.share, folder.controlShare == nil { try folder.write(controlShare: share) }
            let config = try configs.config(for: work)
            if let finished = try finished(work, config) {
                results.append(finished)
            } else {
                results.append(try make(work, config, number: results.count + 1))
                try write(start, results)
            }
        }
        return try write(start, results)
    }

    private func startRecord() throws -> EvaluationRecord {
        if let known = folder.start, known.settings == settings { return known }
        let record = try withPrecision(configs.first.precision) {
            try evaluate(configs.first.model, title: "start")
        }
        try folder.write(start: record)
        return record
    }

    /// The result of a run that was made before, evaluated again if this comparison evaluates otherwise; nil if the run
    /// is still to be made or to be ended.
    /// - Throws: `CommandError` if it was made with another configuration.
    private func finished(_ work: ComparisonPlan.Work, _ config: TrainConfig) throws -> RunResult? {
        guard var result = folder.result(arm: work.arm.name, seed: work.seed) else { return nil }
        let place = config.output + "/config.yaml"
        let made = FileManager.default.contents(atPath: place).map { String(decoding: $0, as: UTF8.self) }
        guard made == config.sourceText else {
            throw CommandError(
                "\(config.output) was made with another configuration, kept in its config.yaml; compare with that one, "
                    + "remove the folder or name another one with --out")
        }
        guard result.evaluation.settings != settings else { return result }
        guard let newest = try CheckpointStore(folder: config.output + "/checkpoints").newestValid() else { return nil }
        result.evaluation = try withPrecision(config.precision) {
            try evaluate(newest.path, title: "\(work.arm.name) seed \(work.seed)")
        }
        try folder.write(result)
        return result
    }

    private func make(_ work: ComparisonPlan.Work, _ config: TrainConfig, number: Int) throws -> RunResult {
        let title = "[\(number)/\(plan.total)] \(work.arm.name) seed \(work.seed)"
        let isBegun = (try? RunFolder.open(at: config.output)) != nil
        let training = try TrainingRun(config, resume: isBegun, onDamage: warn)
        var bar = ProgressBar(title, total: config.training.steps, unit: "steps", initial: training.completedSteps)
        let path = try training.run {
            bar.update($0.step, "reward \(fixed($0.reward, 3)), entropy \(fixed($0.entropy, 3)) nats")
        }
        bar.end(training.completedSteps)
        let record = try withPrecision(config.precision) { try evaluate(path, title: title) }
        let curves = try RunCurves(metricsFile: config.output + "/metrics.jsonl")
        let result = RunResult(
            arm: work.arm.name, algorithm: work.arm.algorithm, seed: work.seed, curves: curves, evaluation: record)
        try folder.write(result)
        return result
    }

    private func evaluate(_ model: String, title: String) throws -> EvaluationRecord {
        let result = try HeldOutEvaluation.run(
            model: model, environment: configs.first.environment, problems: problems,
            options: EvaluationOptions(
                samples: samples, temperature: settings.temperature, maxNewTokens: settings.maxNewTokens,
                seed: UInt64(Self.evaluationSeed)), title: title)
        return EvaluationRecord(
            settings: settings, correct: result.outcomes.map(\.correct), entropy: result.meanEntropy,
            meanLength: result.meanLength)
    }

    /// Writes comparison.json, the page and its figures.
    @discardableResult
    private func write(_ start: EvaluationRecord, _ results: [RunResult]) throws -> ComparisonSummary {
        let first = configs.first
        let summary = try ComparisonSummary(
            plan: plan,
            setting: ComparisonSummary.Setting(
                model: first.model, environment: first.environmentName, steps: first.training.steps,
                promptsPerStep: first.rollout.promptsPerStep, completionsPerPrompt: first.rollout.completionsPerPrompt,
                seeds: plan.seeds), start: start, results: results, controlShare: folder.controlShare)
        try folder.write(summary, to: folder.path + "/comparison.json")
        let report = ComparisonReport(
            summary: summary,
            curves: try summary.runs.map { run in
                try RunCurves(metricsFile: folder.run(run.arm, run.seed) + "/metrics.jsonl")
            }, command: command)
        try AtomicFile.write(report.html(), to: folder.path + "/comparison.html")
        for figure in report.figures {
            try AtomicFile.write(figure.svg, to: "\(folder.path)/figures/\(figure.name).svg")
        }
        return summary
    }
}
