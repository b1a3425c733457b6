// The command line of Maxwell: which commands there are, and what holds for all of them.

import ArgumentParser
import Foundation

@main
struct Maxwell: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maxwell",
        abstract: "Reinforcement fine-tuning that measures, predicts and controls policy entropy.",
        subcommands: [
            DemoCommand.self, SupervisedCommand.self, TrainCommand.self, CompareCommand.self, ReportCommand.self,
            EvalCommand.self, FilterCommand.self, GenerateCommand.self, LogprobsCommand.self, MergeCommand.self,
            TokenizeCommand.self, StatsCommand.self, WhatIfCommand.self, SimulateCommand.self, DiagnoseCommand.self,
            BenchCommand.self,
            DoctorCommand.self,
        ])

    static func main() {
        Relaunch.withLibrarySettings()
        // a file size limit or a closed pipe becomes a failed write, and that a sentence, not a signal
        signal(SIGXFSZ, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        main(nil)
    }
}
