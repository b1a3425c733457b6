// The peak of a run that may go back to it: its weights and moments, kept beside the checkpoints.

import Algorithms
import Models
import Runs
import Torch

extension RunSession {
    /// Checkpoints that a later one may go back to; none is pruned while a kept checkpoint names it.
    private var peaks: CheckpointStore { CheckpointStore(folder: folder.path + "/peaks") }

    /// Keeps the current weights and moments as those of the current step.
    func keepPeak() throws {
        let pending = try peaks.begin(step: state.step)
        try write(to: pending.path)
        _ = try pending.commit()
    }

    /// Puts the weights and moments of a kept step back; every counter stays.
    /// - Throws: `TrainingError` if they are gone or damaged.
    func goBack(toPeak step: Int) throws {
        let path = peaks.path(ofStep: step)
        do {
            try peaks.verify(step: step)
        } catch {
            throw TrainingError(
                .damagedCheckpoint, "cannot go back to the peak of step \(step): \(error); start the run again",
                place: path, cause: error)
        }
        let kept = try ModelFolder.load(path)
        try withTorchErrors {
            for (current, old) in zip(model.parameters, kept.parameters) { current.tensor.assign(old.tensor) }
            model.parametersChanged()
        }
        _ = try TrainerState.read(from: path, model: model, optimiser: &optimiser)
        state.updates = optimiser.stepCount
    }

    /// Removes the peaks that no checkpoint needs, and after a resumption those of steps that are no more.
    func prunePeaks() throws {
        try peaks.removeSteps(after: state.step)
        let needed = try checkpoints.steps().compactMap { step in
            TrainerState.readable(in: checkpoints.path(ofStep: step))?.earlyStopping?.snapshot
        }
        let own = [state.earlyStopping?.snapshot].compactMap { $0 }
        try peaks.removeSteps(besides: Set(needed + own))
    }
}
