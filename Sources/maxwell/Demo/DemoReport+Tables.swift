// The report's tables: results by algorithm and by arm, quality of the predictions, cost.

import Analysis
import Plots

extension DemoReport {
    private static let passes: [(name: String, interval: @Sendable (HeldOut) -> Interval)] = [
        ("pass@1", { $0.passAt1 }), ("pass@4", { $0.passAt4 }), ("pass@16", { $0.passAt16 }),
    ]

    /// Means over seeds with their extremes; the start on top.
    var algorithmTable: HTMLTable {
        let contenders = contenders
        var columns: [HTMLTable.Column] = [.init("mean over seeds", .text), .init("seeds")]
        columns += DemoReport.passes.map { .init($0.name) }
        columns += [.init("entropy"), .init("change"), .init("tokens dropped")]
        let all = Array(summary.arms.indices)
        var start: [HTMLTable.Cell] = ["start", ""]
        start += DemoReport.passes.map { pass in cell(spread(all) { pass.interval($0.before).value }) }
        start += [cell(spread(all, \.entropyInitial)), "", ""]
        let rows = contenders.map { contender in
            var row: [HTMLTable.Cell] = [.init(contender.name), .init("\(contender.arms.count)")]
            row += DemoReport.passes.map { pass in
                let own = spread(contender.arms) { pass.interval($0.after).value }
                let others = contenders.map { mean($0) { pass.interval($0.after).value } }
                return cell(own, isStrong: isHighest(own.mean, among: others))
            }
            let change = spread(contender.arms, \.entropyChange)
            row.append(
                cell(
                    spread(contender.arms, \.entropyFinal),
                    isStrong: isHighest(
                        mean(contender, \.entropyFinal), among: contenders.map { mean($0, \.entropyFinal) })))
            row.append(
                .init(
                    signedPercent(change.mean),
                    note: change.count > 1 ? "\(signedPercent(change.low)) to \(signedPercent(change.high))" : ""))
            row.append(dropped(mean(contender, \.droppedShare)))
            return row
        }
        return HTMLTable(columns: columns, rows: [start] + rows)
    }

    var algorithmTableCaption: String {
        "\(summary.heldOutProblems) held-out problems, \(summary.samples) samples each, after training; means over "
            + "seeds with the lowest and highest seed beside them. Bold: the highest of a column. Entropy in nats per "
            + "token of those samples."
    }

    private func cell(_ spread: Spread, isStrong: Bool = false) -> HTMLTable.Cell {
        let isRange = spread.count > 1 && spread.low < spread.high
        let note = isRange ? "\(decimal(spread.low, 3))–\(decimal(spread.high, 3))" : ""
        return .init(spread.mean, decimals: 3, note: note, isStrong: isStrong)
    }

    private func dropped(_ share: Double) -> HTMLTable.Cell {
        share == 0 ? "none" : .init(percent(share, decimals: 2))
    }

    private func isHighest(_ value: Double, among all: [Double]) -> Bool {
        all.filter(\.isFinite).count > 1 && all.allSatisfy { !$0.isFinite || $0 <= value }
    }

    /// Every arm, before and after.
    var armTable: HTMLTable {
        var columns: [HTMLTable.Column] = [.init(hasSeveralSeeds ? "every arm" : "arm", .text), .init("seed")]
        columns += DemoReport.passes.map { .init($0.name) }
        columns += [.init("entropy"), .init("change"), .init("tokens dropped")]
        let rows = contenders.flatMap(\.arms).map { index in
            let arm = summary.arms[index]
            var row: [HTMLTable.Cell] = [.init(DemoReport.displayName(arm.algorithm)), .init("\(arm.seed)")]
            row += DemoReport.passes.map { pass in
                let (before, after) = (pass.interval(arm.before), pass.interval(arm.after))
                return .init(
                    "\(decimal(before.value, 3)) → \(decimal(after.value, 3))",
                    note: after.lower.isFinite && after.upper.isFinite
                        ? "\(decimal(after.lower, 3))–\(decimal(after.upper, 3))" : "")
            }
            row.append(.init("\(decimal(arm.entropyInitial, 3)) → \(decimal(arm.entropyFinal, 3))"))
            row.append(.init(signedPercent(arm.entropyChange)))
            row.append(dropped(arm.droppedShare))
            return row
        }
        return HTMLTable(columns: columns, rows: rows)
    }

    var armTableCaption: String {
        let widths = summary.arms.map { ($0.before.passAt16.upper - $0.before.passAt16.lower) / 2 }
        let width = Spread(widths).mean
        let before = width.isFinite ? " (before training pass@16 is known to ± \(decimal(width, 3)))" : ""
        return "Before → after training; small: the 95 % bootstrap interval over problems of the value after\(before). "
            + "Entropy in nats per token of the held-out samples."
    }

    /// How well the two predictions did, arm by arm.
    var trackingTable: HTMLTable {
        let columns: [HTMLTable.Column] = [
            .init("arm", .text), .init("updates"), .init("parameter space: R²"), .init("slope"), .init("r"),
            .init("token level: r"),
        ]
        let rows: [[HTMLTable.Cell]] = contenders.flatMap(\.arms).map { index in
            let arm = summary.arms[index]
            let parameter = arm.parameterPrediction
            return [
                .init(label(ofArm: index)), .init("\(parameter.updates)"), .init(parameter.r2, decimals: 3),
                .init(parameter.slope, decimals: 2), .init(parameter.correlation, decimals: 3),
                .init(arm.tokenPrediction.correlation, decimals: 2),
            ]
        }
        return HTMLTable(columns: columns, rows: rows)
    }

    /// Seconds per phase as the metrics name them, the rest of each arm's time, and throughput.
    var costTable: HTMLTable {
        var phases: [String] = []
        for run in curves {
            for name in run.names where name.hasPrefix("seconds/") && !phases.contains(name) { phases.append(name) }
        }
        var columns: [HTMLTable.Column] = [.init("seconds", .text)]
        columns += phases.map { .init(String($0.dropFirst("seconds/".count))) }
        columns += [.init("rest"), .init("all"), .init("tokens per second")]
        let rows = contenders.map { contender in
            let seconds = phases.map { phase in
                contender.arms.reduce(0.0) { $0 + (curves(ofArm: $1)?[phase]?.values.reduce(0, +) ?? 0) }
            }
            let all = contender.arms.reduce(0.0) { $0 + summary.arms[$1].seconds }
            let runs = contender.arms.count > 1 ? "\(contender.name), \(contender.arms.count) seeds" : contender.name
            var row: [HTMLTable.Cell] = [.init(runs)]
            row += seconds.map { .init($0, decimals: 1) }
            row.append(.init(max(0, all - seconds.reduce(0, +)), decimals: 1))
            row.append(.init(all, decimals: 1))
            row.append(.init(mean(contender, \.tokensPerSecond), decimals: 0))
            return row
        }
        return HTMLTable(columns: columns, rows: rows)
    }

    var costCaption: String {
        "The demo took \(duration(summary.secondsTotal)) in all, on \(counted(summary.threads, "thread")), products in \(summary.precision). Rollout: "
            + "sampling; update: forward, backward and the optimiser's step; measure: entropy after the step and the "
            + "parameter-space prediction; rest: what the metrics do not time, such as loading and checkpoints. "
            + "Held-out tests count only towards the time in all."
    }
}
