// Reinforcement fine-tuning: sample, judge, credit, update, measure, log, save; resumable at any step.

import Algorithms
import Environments
import Foundation
import Models
import Rollouts
import Runs
import Torch
import Trajectories

/// What a run tells whoever watches it.
public struct TrainingProgress: Sendable {
    public var step: Int
    public var steps: Int
    public var reward: Double
    public var entropy: Double
}

/// One run of `maxwell train` in one run folder. Stays on the thread that made it.
public final class TrainingRun {
    public let config: TrainConfig
    public let resolved: ResolvedRun
    let session: RunSession
    let source: ProblemSource
    let engine: RolloutEngine
    private let reference: ReferencePolicy?
    /// The passes of a step's completions, if its update may read them.
    let kept: KeptPasses?
    let updater: PolicyUpdater
    let schedule: LearningRateSchedule
    let latent: LatentMonitor?
    private let store: ExperienceStore
    /// The configured algorithm, whose controllers move from update to update.
    var algorithm: Algorithm
    /// Told of alarms, refused updates and standstill, one sentence each; any thread may call it.
    public var warn: @Sendable (String) -> Void = { _ in }
    var watchdog: Watchdog?
    var guardState = GuardState()
    /// Whether it was told why decoding steps do not run as graphs.
    var hasToldRefusal = false

    /// What became of prompts that are too long, in one sentence; nil if every prompt fits.
    public var promptSentence: String? { source.fit?.sentence }

    /// Completed steps, from which a resumed run goes on.
    public var completedSteps: Int { session.state.step }

    /// Opens the run folder and loads the model, or the newest valid checkpoint when resuming.
    ///
    /// - Parameter onDamage: told of each damaged checkpoint that was skipped.
    /// - Throws: whatever is wrong with config, model, data or folder, as one sentence; a new run refuses a folder that has one.
    public init(_ config: TrainConfig, resume: Bool, onDamage: (String) -> Void = { _ in }) throws {
        self.config = config
        let source = try ProblemSource(config)
        let reference = try withDevice(config.device.checked()) { try ReferencePolicy(config) }
        self.reference = reference
        let path = config.model
        var origin = RunSession.Origin(base: path, adapters: config.adapters, seed: config.seed)
        origin.recomputesLayers = config.training.checkpointsGradients
        var fitted: ProblemSource?
        origin.check = { vocabulary, model in
            fitted = try source.fitted(config, vocabulary, contextLength: model.contextLength)
            try reference?.check(model)
        }
        session = try withDevice(config.device) {
            try RunSession(
                output: config.output, config: config.sourceText, origin: origin,
                adamW: config.optimiser.adamW, checkpoint: config.checkpoint, resume: resume, onDamage: onDamage)
        }
        self.source =
            try fitted ?? source.fitted(config, session.vocabulary, contextLength: session.model.config.contextLength)
        session.vocabulary.cutLength = self.source.fit?.cutLength
        let promptTokens = try ResolvedRun.usualPromptTokens(self.source, session.vocabulary)
        resolved = try ResolvedRun(config, model: session.model.config, promptTokens: promptTokens)
        algorithm = config.algorithm
        if let states = session.state.controllers { try algorithm.restore(controllerStates: states) }
        try session.writeResolved(try resolved.json())
        engine = RolloutEngine(
            model: session.model, seed: config.seed, slots: config.rollout.slots, usesGraphs: config.rollout.graphs)
        kept =
            resolved.keepsPasses
            ? KeptPasses(rows: config.training.keptPassBytes / session.model.config.keptBytesPerRow) : nil
        updater = PolicyUpdater(
            model: session.model, temperature: config.rollout.temperature,
            microBatchTokens: config.training.microBatchTokens)
        schedule = LearningRateSchedule(
            peak: config.optimiser.learningRate, shape: config.optimiser.schedule,
            warmup: config.optimiser.warmupUpdates, total: resolved.updates)
        latent =
            config.latentDimensions == 0
            ? nil
            : try LatentMonitor(
                dimensions: config.latentDimensions, hiddenSize: session.model.config.hiddenSize, seed: config.seed)
        store = try ExperienceStore(
            file: session.folder.databasePath, keepsStatistics: config.storesTokenStatistics)
        try store.deleteSteps(after: session.state.step)
    }

    /// Trains to the last step, or to the first at whose end `shouldStop` says so, and saves a checkpoint there.
    /// - Returns: the path of that checkpoint, a model folder.
    @discardableResult
    public func run(
        onStep: (TrainingProgress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
    ) throws -> String {
        watchdog = Watchdog(limit: config.guards.watchdogSeconds, complain: warn)
        defer { watchdog?.end() }
        return try withDevice(config.device) {
            try withPrecision(config.precision) { try steps(onStep, shouldStop) }
        }
    }

    private func steps(_ onStep: (TrainingProgress) -> Void, _ shouldStop: () -> Bool) throws -> String {
        if session.state.step == 0 { try guardPeak(isLast: false) }
        var stops = false
        while !isFinished, !stops {
            let progress = try step()
            stops = shouldStop()
            try guardPeak(isLast: isFinished)
            if stops || isFinished || session.state.step % config.checkpoint.every == 0 {
                watchdog?.enter("saving a checkpoint", step: session.state.step)
                session.state.controllers = try algorithm.controllerStates()
                try session.save()
            }
            onStep(progress)
        }
        try store.close()
        return session.checkpointPath
    }

    /// Whether all steps are made, the token budget is spent or the last campaign has ended.
    private var isFinished: Bool {
        session.state.step >= config.training.steps
            || config.training.tokenBudget.map { session.state.tokens ?? 0 >= $0 } ?? false
            || session.state.earlyStopping.flatMap { config.earlyStopping?.isOver($0) } ?? false
    }

    private func step() throws -> TrainingProgress {
        let clock = ContinuousClock()
        let start = clock.now
        let number = session.state.step + 1
        let rollouts = try sampleGroups(step: number)
        let sampled = clock.now
        try store.append(step: number, groups: rollouts.sampled)
        var shared = MetricsLine()
        shared.add(groups: rollouts.sampled)
        reportTests(in: &shared)
        let stored = clock.now

        var progress = TrainingProgress(step: number, steps: config.training.steps, reward: 0, entropy: 0)
        let verdicts = rollouts.sampled.flatMap(\.verdicts)
        progress.reward = verdicts.reduce(0) { $0 + $1.reward } / Double(max(1, verdicts.count))
        watchdog?.enter("updating", step: number)
        let batch = try RolloutBatch(rollouts.chosen, algorithm: algorithm, reference: reference)
        for metric in batch.creditMetrics { shared.add("credit/\(metric.name)", metric.value) }
        let credited = clock.now
        let parts = batch.miniBatches(config.training.miniBatches)
        // with several updates per batch the ratio is against the policy before the first of them
        let proximal =
            resolved.updatesPerStep == 1
            ? nil : try parts.map { try updater.statistics(of: $0.sequences).logprob }
        var timings = (
            sampling: (sampled - start).seconds - rollouts.secondsJudging, judging: rollouts.secondsJudging,
            crediting: (credited - stored).seconds, logging: (stored - sampled).seconds
        )
        for update in 0..<resolved.updatesPerStep {
            let index = update % parts.count
            progress.entropy = try self.update(
                parts[index], proximal: proximal?[index], step: number, shared: shared,
                timings: timings)
            timings = (0, 0, 0, 0)
        }
        session.state.step = number
        session.state.prompts += rollouts.sampled.count
        session.state.tokens? += rollouts.sampled.reduce(0) { sum, group in
            sum + group.completions.reduce(0) { $0 + $1.tokens.count }
        }
        return progress
    }
}
