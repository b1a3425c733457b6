// The trainer's part of a checkpoint: Adam's moments and the counters, beside the model folder's files.

import Algorithms
import Foundation
import Models
import Torch
import Trajectories

/// Everything of a run that is neither weights nor derived from (config, step).
struct TrainerState: Codable, Equatable {
    /// Completed steps.
    var step: Int
    /// Updates the optimiser has made.
    var updates: Int
    /// Scheduled updates so far; differs from `updates` when one was refused for a gradient that is not finite.
    var scheduled: Int
    /// Prompts sampled so far, which is where the next step goes on: dynamic sampling takes more than a step trains on.
    var prompts: Int
    /// Tokens of all completions sampled so far; nil in checkpoints of runs that did not count them.
    var tokens: Int?
    /// Peak and campaign of a run that stops early; nil before its first test.
    var earlyStopping: EarlyStopping.State?
    /// The configuration the run was started with, verbatim.
    var config: String
    /// States of the algorithm's controllers, in order; nil before the first checkpoint of a run.
    var controllers: [JSONValue]?

    private static let stateFile = "trainer.json"
    private static let momentsFile = "trainer.safetensors"

    func write(to folder: String, model: any LanguageModel, optimiser: AdamW) throws {
        let names = model.parameters.map(\.name)
        try Safetensors.write(
            zip(names, optimiser.firstMoments).map { ("first.\($0)", $1) }
                + zip(names, optimiser.secondMoments).map { ("second.\($0)", $1) },
            to: folder + "/" + Self.momentsFile)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: folder + "/" + Self.stateFile))
    }

    /// The counters of a checkpoint; nil if they cannot be read.
    static func readable(in folder: String) -> TrainerState? {
        FileManager.default.contents(atPath: folder + "/" + stateFile).flatMap {
            try? JSONDecoder().decode(TrainerState.self, from: $0)
        }
    }

    /// Reads the state and puts the moments into `optimiser`.
    static func read(from folder: String, model: any LanguageModel, optimiser: inout AdamW) throws -> TrainerState {
        guard let state = readable(in: folder) else {
            throw TrainingError(
                .damagedCheckpoint, "\(folder)/\(stateFile) cannot be read; resume from an earlier checkpoint",
                place: folder)
        }
        let file = try SafetensorsFile(folder + "/" + momentsFile)
        for (index, parameter) in model.parameters.enumerated() {
            for (prefix, moments) in [("first", optimiser.firstMoments), ("second", optimiser.secondMoments)] {
                let stored = try file.tensor("\(prefix).\(parameter.name)")
                try withTorchErrors { moments[index].assign(stored) }
            }
        }
        optimiser.stepCount = state.updates
        return state
    }
}
