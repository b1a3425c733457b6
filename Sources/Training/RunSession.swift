// A run folder being worked in: lock, newest checkpoint, model, optimiser, counters and metrics; what every kind of training shares.

import Foundation
import Models
import Runs
import Tokenizers
import Torch

/// Owns what a resumed run restores and a checkpoint saves. Stays on the thread that made it.
final class RunSession {
    let folder: RunFolder
    let model: any LanguageModel
    /// Set once, by a run that cuts prompts.
    var vocabulary: Vocabulary
    let metrics: MetricsLog
    let checkpoints: CheckpointStore
    var optimiser: AdamW
    var state: TrainerState
    private let lock: RunLock
    /// The tokenizer and the other files beside the weights, which every checkpoint gets.
    private let companions: ModelCompanions
    private let base: String?

    /// Where a new run's model comes from.
    struct Origin {
        /// Folder with `tokenizer.json` and the other companions.
        var companions: String
        var load: () throws -> any LanguageModel
        /// Opens a checkpoint.
        var reopen: (_ checkpoint: String) throws -> any LanguageModel = { try ModelFolder.load($0) }
        /// For adapters, the folder of the frozen model.
        var base: String?
        /// Whether layers are computed again on the way back.
        var recomputesLayers = false
        /// Refuses data that does not fit the model.
        var check: (Vocabulary, ModelConfig) throws -> Void = { _, _ in }
    }

    /// - Parameters:
    ///   - config: the YAML, verbatim; a resumed run must have been started with the same.
    ///   - onDamage: told of each damaged checkpoint that was skipped.
    /// - Throws: one sentence about folder, model or checkpoint; a new run refuses a folder that holds one.
    init(
        output: String, config: String, origin: Origin, adamW: AdamW.Options, checkpoint: CheckpointSettings,
        resume: Bool,
        onDamage: (String) -> Void
    ) throws {
        // what a new run needs is loaded before its folder is made, so that a refusal leaves nothing behind
        let fresh = resume ? nil : try origin.load()
        if let fresh { try origin.check(Vocabulary(folder: origin.companions, model: fresh.config), fresh.config) }
        let opened = resume ? try RunFolder.open(at: output) : try RunFolder.create(at: output)
        folder = opened
        lock = try RunLock(opened)
        checkpoints = CheckpointStore(folder: opened.checkpointsPath, keep: checkpoint.keep)
        let newest = resume ? try checkpoints.newestValid { onDamage($0.message) } : nil
        let loaded = try newest.map { try origin.reopen($0.path) } ?? fresh ?? origin.load()
        loaded.recomputesLayers = origin.recomputesLayers
        base = origin.base
        model = loaded
        let place = newest?.path ?? origin.companions
        companions = ModelCompanions(place)
        vocabulary = try Vocabulary(folder: place, model: loaded.config)
        optimiser = try withTorchErrors { AdamW(loaded.parameters.map(\.tensor), options: adamW) }
        if let newest {
            state = try TrainerState.read(from: newest.path, model: loaded, optimiser: &optimiser)
        } else {
            // killed before its first checkpoint: only config.yaml says what was started, if the run got so far
            let bytes = resume ? FileManager.default.contents(atPath: opened.configPath) : nil
            let started = bytes.map { String(decoding: $0, as: UTF8.self) } ?? config
            state = TrainerState(step: 0, updates: 0, scheduled: 0, prompts: 0, tokens: 0, config: started)
        }
        guard state.config == config else {
            throw TrainingError(
                .mismatch,
                "\(output) was started with another configuration, kept in its config.yaml; resume with that one or name another output",
                place: opened.configPath)
        }
        try AtomicFile.write(config, to: opened.configPath)
        metrics = try MetricsLog(file: opened.metricsPath, truncatingAfter: state.scheduled)
        try checkpoints.removeSteps(after: state.step)
        if state.earlyStopping != nil { try prunePeaks() }
    }

    func writeResolved(_ json: Data) throws { try AtomicFile.write(json, to: folder.resolvedPath) }

    /// Saves a checkpoint of the current step: the model as it computes, and its adapters beside it if it has some.
    func save() throws {
        let pending = try checkpoints.begin(step: state.step)
        try write(to: pending.path)
        _ = try pending.commit()
        if state.earlyStopping != nil { try prunePeaks() }
    }

    /// Writes weights, companions, moments and counters into a folder.
    func write(to path: String) throws {
        try ModelFolder.save(model, to: path, companions: companions)
        if let adapted = model as? AdaptedModel, let base {
            try AdapterFolder.save(adapted, base: base, to: path + "/" + AdapterStart.checkpointFolder)
        }
        try state.write(to: path, model: model, optimiser: optimiser)
    }

    /// Path of the checkpoint of the current step, a model folder.
    var checkpointPath: String { checkpoints.path(ofStep: state.step) }
}
