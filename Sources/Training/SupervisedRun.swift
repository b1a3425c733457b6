// Supervised warm start: the policy update with g1 = −1/N on every token of a demonstration, so no second trainer exists.

import Foundation
import Models
import Runs
import Tokenizers
import Torch
import Trajectories

/// One run of `maxwell sft`. Stays on the thread that made it.
public final class SupervisedRun {
    public let config: SupervisedConfig
    private let session: RunSession
    private let updater: PolicyUpdater
    private let schedule: LearningRateSchedule
    private let source: ExampleSource

    public var completedSteps: Int { session.state.step }
    public var parameterCount: Int { session.model.config.parameterCount }

    public init(_ config: SupervisedConfig, resume: Bool, onDamage: (String) -> Void = { _ in }) throws {
        self.config = config
        let source = try ExampleSource(config)
        self.source = source
        var origin = Self.origin(of: config)
        origin.recomputesLayers = config.checkpointsGradients
        origin.check = { try source.check($0, contextLength: $1.contextLength) }
        session = try withDevice(config.device.checked()) {
            try RunSession(
                output: config.output, config: config.sourceText, origin: origin,
                adamW: config.optimiser.adamW, checkpoint: config.checkpoint, resume: resume, onDamage: onDamage)
        }
        updater = PolicyUpdater(model: session.model, temperature: 1, microBatchTokens: config.microBatchTokens)
        schedule = LearningRateSchedule(
            peak: config.optimiser.learningRate, shape: config.optimiser.schedule,
            warmup: config.optimiser.warmupUpdates, total: config.steps)
    }

    /// Trains to the last step, or to the first at whose end `shouldStop` says so, and saves a checkpoint there.
    /// - Returns: the path of that checkpoint, a model folder.
    @discardableResult
    public func run(
        onStep: (_ step: Int, _ loss: Double) -> Void = { _, _ in }, shouldStop: () -> Bool = { false }
    ) throws -> String {
        try withDevice(config.device) { try withPrecision(config.precision) { try steps(onStep, shouldStop) } }
    }

    private func steps(
        _ onStep: (_ step: Int, _ loss: Double) -> Void, _ shouldStop: () -> Bool
    ) throws -> String {
        var stops = false
        while session.state.step < config.steps, !stops {
            let loss = try step()
            let done = session.state.step
            stops = shouldStop()
            if stops || done % config.checkpoint.every == 0 || done == config.steps { try session.save() }
            onStep(done, loss)
        }
        return session.checkpointPath
    }

    private func step() throws -> Double {
        let number = session.state.step + 1
        let sequences = try (0..<config.examplesPerStep).flatMap {
            try source.sequences(
                at: (number - 1) * config.examplesPerStep + $0, session.vocabulary,
                contextLength: session.model.config.contextLength)
        }
        let rate = schedule.rate(at: number - 1)
        let report = try updater.update(
            sequences, optimiser: &session.optimiser, learningRate: rate, measures: false
        ) { statistics in
            let share = -1 / Float(max(1, statistics.count))
            return TokenDerivatives(
                g1: [Float](repeating: share, count: statistics.count),
                g2: [Float](repeating: 0, count: statistics.count))
        }
        session.state.step = number
        session.state.scheduled = number
        session.state.updates = session.optimiser.stepCount
        let loss = -mean(report.before.logprob)
        var line = MetricsLine()
        line.add("loss", loss)
        line.add("entropy/before", mean(report.before.entropy))
        line.add("optimiser/learning_rate", rate)
        line.add("optimiser/gradient_norm", report.gradientNorm)
        line.add("tokens/completion", report.before.count)
        line.add("seconds/update", report.secondsUpdating)
        try session.metrics.append(MetricsRecord(step: number, fields: line.fields))
        return loss
    }

    private static func origin(of config: SupervisedConfig) -> RunSession.Origin {
        switch config.start {
        case .folder(let path):
            return RunSession.Origin(base: path, adapters: config.adapters, seed: config.seed)
        case .fresh(let tokenizer, let stopToken, var architecture):
            return RunSession.Origin(companions: tokenizer) {
                let encoder = try BytePairTokenizer(file: tokenizer + "/tokenizer.json")
                guard let stop = encoder.id(of: stopToken) else {
                    throw TrainingError(
                        .mismatch, "model.stop_token '\(stopToken)' is not a token of \(tokenizer)/tokenizer.json",
                        place: "model.stop_token")
                }
                architecture.stopTokens = [stop]
                architecture.vocabularySize = max(architecture.vocabularySize, encoder.vocabularySize)
                return try ModelFolder.initialise(architecture, seed: config.seed)
            }
        }
    }
}
