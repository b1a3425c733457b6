// The command line of Maxwell: which commands there are.

import ArgumentParser

@main
struct Maxwell: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maxwell",
        abstract: "Reinforcement fine-tuning that measures, predicts and controls policy entropy.",
        subcommands: [
            SupervisedCommand.self, TrainCommand.self, EvalCommand.self, GenerateCommand.self,
            LogprobsCommand.self, TokenizeCommand.self, StatsCommand.self, DoctorCommand.self,
        ])
}
