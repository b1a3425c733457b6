// The demo's work: evaluate, train an arm, evaluate again, and write what was found.

import Algorithms
import Analysis
import Environments
import Foundation
import Models
import Runs
import Tokenizers
import Torch
import Training
import Trajectories

/// Runs arms in one demo folder and keeps what the page shows.
struct Demo {
    let folder: DemoFolder
    let model: String
    /// The first seed's configuration; its held-out problems are everybody's, whatever problems an arm trained on.
    let first: TrainConfig
    /// Held-out problems and completions of each: enough that pass@16 is an average, not one draw.
    static let problems = 256
    static let samples = 16
    /// Held-out groups shown on the page.
    static let shownProblems = 4
    /// One seed for all evaluations, so that arms meet the same problems and the same random numbers.
    private static let evaluationSeed: UInt64 = 20_260_203

    struct Evaluated {
        var results: HeldOut
        var groups: [RolloutGroup]
    }

    /// Evaluates a model folder on held-out problems.
    func evaluate(_ path: String, title: String) throws -> Evaluated {
        let result = try HeldOutEvaluation.run(
            model: path, environment: first.environment, problems: Self.problems,
            options: EvaluationOptions(
                samples: Self.samples, temperature: first.rollout.temperature,
                maxNewTokens: first.rollout.maxNewTokens, seed: Self.evaluationSeed), title: title)
        func pass(_ k: Int) throws -> Interval {
            Interval(try PassAtK.estimate(result.outcomes, k: k, seed: Self.evaluationSeed))
        }
        let heldOut = HeldOut(
            passAt1: try pass(1), passAt4: try pass(4), passAt16: try pass(16),
            averageAt16: Interval(try PassAtK.average(result.outcomes, seed: Self.evaluationSeed)),
            entropy: result.meanEntropy, meanLength: result.meanLength)
        return Evaluated(results: heldOut, groups: Array(result.groups.prefix(Self.shownProblems)))
    }

    /// Trains one arm and evaluates what came out.
    func run(_ config: TrainConfig, seed: Int, initial: Evaluated) throws -> (DemoArm, Evaluated) {
        let start = ContinuousClock.now
        let name = config.algorithm.name
        let training = try TrainingRun(config, resume: false, onDamage: warn)
        var bar = ProgressBar("\(name) seed \(seed)", total: config.training.steps, unit: "steps")
        let path = try training.run { step in
            bar.update(step.step, "reward \(fixed(step.reward, 3)), entropy \(fixed(step.entropy, 3)) nats")
        }
        let elapsed = (ContinuousClock.now - start).components
        let after = try evaluate(path, title: "\(name) seed \(seed)")
        let curves = try RunCurves(metricsFile: config.output + "/metrics.jsonl")
        let dropped = curves["algorithm/\(name)/dropped"]?.values ?? []
        let speed = curves["rate/tokens_per_second"]?.values ?? []
        return (
            DemoArm(
                algorithm: name, seed: seed, entropyInitial: initial.results.entropy,
                entropyFinal: after.results.entropy,
                before: initial.results, after: after.results,
                parameterPrediction: try tracking(curves, "entropy/predicted_parameter"),
                tokenPrediction: try tracking(curves, "entropy/predicted_token"),
                droppedShare: dropped.isEmpty ? 0 : dropped.reduce(0, +) / Double(dropped.count),
                seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
                tokensPerSecond: speed.isEmpty ? 0 : speed.sorted()[speed.count / 2],
                metrics: config.output + "/metrics.jsonl"), after
        )
    }

    private func tracking(_ curves: RunCurves, _ prediction: String) throws -> Tracking {
        let pairs = try curves.paired(prediction, "entropy/measured_change")
        return Tracking(try PredictionQuality(predicted: pairs.first, measured: pairs.second))
    }

    /// Writes `summary.json` and `report.html`.
    func write(_ summary: DemoSummary, samples: [Evaluated], initial: Evaluated) throws {
        try AtomicFile.write(try jsonEncoder(.prettyPrinted).encode(summary), to: folder.path + "/summary.json")
        let vocabulary = try Vocabulary(folder: model, model: try ModelConfig(folder: model))
        let report = DemoReport(
            summary: summary, curves: try summary.arms.map { try RunCurves(metricsFile: $0.metrics) },
            samples: samples.map(\.groups), initialSamples: initial.groups,
            decode: { tokens in tokens.map { vocabulary.tokenizer.decode([$0]) } })
        try AtomicFile.write(report.html(), to: folder.path + "/report.html")
    }
}

extension DemoSummary {
    init(_ config: TrainConfig, model: String, arms: [DemoArm], seconds: Double) throws {
        parameters = try ModelConfig(folder: model).parameterCount
        steps = config.training.steps
        promptsPerStep = config.rollout.promptsPerStep
        completionsPerPrompt = config.rollout.completionsPerPrompt
        learningRate = config.optimiser.learningRate
        heldOutProblems = Demo.problems
        samples = Demo.samples
        threads = Runtime.threads
        precision = config.precision.rawValue
        libtorch = Runtime.version
        self.arms = arms
        secondsTotal = seconds
    }
}
