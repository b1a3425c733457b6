// `maxwell sft`: a supervised warm start from a YAML file.

import ArgumentParser
import ConfigCoding
import Torch
import Training

struct SupervisedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sft", abstract: "Supervised warm start from demonstrations.",
        discussion: "Any key of the file can be overridden: maxwell sft config.yaml training.steps=100")

    @Argument(help: "A YAML file such as configs/countdown-sft.yaml.") var config: String
    @Argument(help: "Overrides, key.path=value.") var overrides: [String] = []
    @Flag(help: "Go on from the newest valid checkpoint of the run folder.") var resume = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() throws {
        let config = try SupervisedConfig(try ConfigSection.load(file: config, overrides: overrides))
        try Runtime.prepare(threads: config.threads)
        let run = try SupervisedRun(config, resume: resume, onDamage: warn)
        var bar = ProgressBar("sft", total: config.steps, unit: "updates", initial: run.completedSteps)
        var last = 0.0
        Interruption.listen()
        let path = try run.run(
            onStep: { step, loss in
                last = loss
                bar.update(step, "loss \(fixed(loss, 4))")
            }, shouldStop: { Interruption.isAsked })
        struct Result: Encodable { var model: String, steps: Int, loss: Double, parameters: Int }
        if json {
            try printJSON(Result(model: path, steps: run.completedSteps, loss: last, parameters: run.parameterCount))
        } else if run.completedSteps < config.steps {
            print(
                "Stopped after update \(run.completedSteps) of \(config.steps); the checkpoint is \(path), --resume goes on."
            )
        } else {
            print("The model is \(path) (\(run.parameterCount) parameters, loss \(fixed(last, 4))).")
        }
    }
}
