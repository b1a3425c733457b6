// `maxwell bench`: how fast Maxwell is on this machine, and how its costs grow.

import ArgumentParser
import Torch

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures operators, decoding and whole steps, and how they scale.",
        discussion: """
            Medians over rounds in which all cases of a group take turns; models are random. GF/s are held against square matrix \
            products of the same rounds, decoding against what a step must read and multiply, at the rates of its rounds. \
            Series get the exponent of cost = fixed + c · size^exponent. \
            benchmarks/peers compares with other trainers.

            GROUPS: \(groupNames.joined(separator: ", "))
            """)

    @Flag(help: "Print the result as JSON.") var json = false
    @Option(name: .customLong("only"), parsing: .upToNextOption, help: "Names of groups; all if not given.")
    var only: [String] = []
    @Flag(help: "Fewer rounds and sizes: within 3 minutes on two cores instead of 10.") var quick = false
    @Option(help: "Threads of libtorch; its own choice if not given.") var threads: Int?
    @Option(help: "What matrix products take their operands as; bfloat16x3 is the sum of two bfloat16 numbers.")
    var precision =
        ComputePrecision.float32
    @Option(help: "Where it is measured: cpu or cuda.") var device = Device.cpu
    @Option(help: "A shape for the group head, TOKENSxHIDDENxVOCABULARY; may be repeated.") var head: [String] = []

    @Option(help: "The model of the group decode: a (4 M), b (35 M) or c (494 M), as in benchmarks/peers.")
    var decode = "a"
    @Flag(help: "The group decode runs its steps as graphs of the device's work, as rollout.graphs has a run do.")
    var graphs = false

    private static var groupNames: [String] { BenchPlan(isQuick: true, heads: []).groups().map(\.name) }

    func validate() throws {
        try OptionBounds.check(threads: threads)
        for name in only where !Self.groupNames.contains(name) {
            throw ValidationError("--only knows \(Self.groupNames.joined(separator: ", ")), got \(name)")
        }
        for shape in head where HeadShape(shape) == nil {
            throw ValidationError("--head must be three sizes like 4096x512x8192, got \(shape)")
        }
        if !BenchModel.all.contains(where: { $0.name == decode }) {
            throw ValidationError("--decode knows a, b and c, got \(decode)")
        }
        if graphs, device == .cpu {
            throw ValidationError("--graphs needs --device cuda: a cpu has no graphs")
        }
    }

    func run() throws {
        try Runtime.prepare(threads: threads)
        Runtime.precision = precision
        Runtime.device = try device.checked()
        var machine = BenchMachine()
        let shapes = head.compactMap(HeadShape.init)
        var plan = BenchPlan(isQuick: quick, heads: shapes.isEmpty ? HeadBench.shapes : shapes)
        plan.decoder = BenchModel.all.first { $0.name == decode } ?? .small
        plan.usesGraphs = graphs
        let groups = plan.groups().filter { only.isEmpty || only.contains($0.name) }
        var runner = BenchRunner(groups)
        for group in groups { try runner.run(group) }
        machine.loadAfter = BenchMachine.load
        let report = BenchReport(
            machine: machine, precision: precision.rawValue, isQuick: quick, measurements: runner.measurements,
            series: runner.series)
        if json { try printJSON(report) } else { print(report.text) }
    }
}
