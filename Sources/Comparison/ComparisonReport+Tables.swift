// The tables of a comparison, and its result in words; every claim is made by comparing numbers.

import Analysis
import Plots

extension ComparisonReport {
    private var baseline: ArmSummary? { summary.arms.first { $0.name == summary.baseline } }

    var facts: [HTMLPage.Fact] {
        summary.arms.map { arm in
            HTMLPage.Fact(
                "\(arm.name): pass@1 / pass@\(lastK)",
                decimal(arm.pass(1)?.pass.value ?? .nan, 3) + " / " + decimal(arm.pass(lastK)?.pass.value ?? .nan, 3),
                note: "entropy \(decimal(arm.entropy.mean, 3)), "
                    + signedPercent(arm.entropy.mean / summary.start.entropy - 1))
        }
    }

    var resultParagraphs: [String] {
        let start = summary.start
        let first = start.passAtK.first.map { percent($0.pass.value) } ?? "–"
        let last = start.passAtK.last.map { percent($0.pass.value) } ?? "–"
        var result = [
            "Before training one sample solves \(first) of the held-out problems and one of \(lastK) solves \(last), with "
                + "\(decimal(start.entropy, 3)) nats per token."
        ]
        if baseline != nil {
            let sentences = [1, lastK].compactMap(certainties)
            if !sentences.isEmpty { result.append(sentences.joined(separator: " ")) }
        }
        if summary.finishedRuns < summary.totalRuns {
            result.append(
                "\(summary.finishedRuns) of \(counted(summary.totalRuns, "run")) are finished; the numbers will change."
            )
        }
        return result
    }

    /// Which arms differ from the baseline at one k by more than their interval.
    private func certainties(_ k: Int) -> String? {
        let others = summary.arms.filter { $0.name != summary.baseline }
        let found = others.compactMap { arm in arm.pass(k)?.againstBaseline.map { (arm.name, $0) } }
        guard !found.isEmpty else { return nil }
        func clause(_ name: String, _ difference: IntervalValue) -> String {
            "\(name) (\(points(difference.value)))"
        }
        let above = found.filter { $0.1.lower > 0 }.map(clause)
        let below = found.filter { $0.1.upper < 0 }.map(clause)
        let rest = found.filter { $0.1.lower <= 0 && $0.1.upper >= 0 }.map(\.0)
        let parts = [
            above.isEmpty ? nil : "above \(summary.baseline) lie \(inWords(above))",
            below.isEmpty ? nil : "below \(summary.baseline) \(inWords(below))",
            rest.isEmpty ? nil : "not apart from \(summary.baseline) by the interval: \(inWords(rest))",
        ]
        return "In pass@\(k), " + parts.compactMap { $0 }.joined(separator: "; ") + "."
    }

    /// A difference of shares in points, with its sign.
    private func points(_ difference: Double) -> String {
        (difference > 0 ? "+" : "") + decimal(100 * difference, 1)
    }

    private func interval(_ value: IntervalValue) -> String {
        "\(decimal(value.lower, 3))–\(decimal(value.upper, 3))"
    }

    var passTable: HTMLTable {
        let ks = summary.evaluation.ks
        var columns: [HTMLTable.Column] = [.init("arm", .text), .init("seeds")]
        columns += ks.map { .init("pass@\($0)") }
        var start: [HTMLTable.Cell] = ["start", ""]
        start += summary.start.passAtK.map { .init($0.pass.value, decimals: 3, note: interval($0.pass)) }
        let rows = summary.arms.map { arm in
            var row: [HTMLTable.Cell] = [.init(arm.name), .init("\(arm.seeds.count)")]
            row += ks.map { k in
                guard let point = arm.pass(k) else { return "" }
                return .init(
                    point.pass.value, decimals: 3, note: interval(point.pass), isStrong: isHighest(point.pass.value, k))
            }
            return row
        }
        return HTMLTable(columns: columns, rows: [start] + rows)
    }

    /// Differences to the baseline, and what entropy did.
    var differenceTable: HTMLTable {
        let ks = [1, lastK]
        var columns: [HTMLTable.Column] = [.init("against \(summary.baseline)", .text)]
        columns += ks.map { .init("pass@\($0), points") }
        columns += [.init("entropy"), .init("change"), .init("pass@1 per nat")]
        let rows = summary.arms.map { arm in
            var row: [HTMLTable.Cell] = [.init(arm.name)]
            row += ks.map { k in
                guard let difference = arm.pass(k)?.againstBaseline else { return "" }
                return .init(
                    points(difference.value), note: "\(points(difference.lower)) to \(points(difference.upper))",
                    isStrong: difference.lower > 0 || difference.upper < 0)
            }
            row.append(
                .init(
                    arm.entropy.mean, decimals: 3,
                    note: arm.seeds.count > 1
                        ? "\(decimal(arm.entropy.lowest, 3))–\(decimal(arm.entropy.highest, 3))" : ""))
            row.append(.init(signedPercent(arm.entropy.mean / summary.start.entropy - 1)))
            row.append(arm.passPerNat.map { .init($0, decimals: 2) } ?? "–")
            return row
        }
        return HTMLTable(columns: columns, rows: rows)
    }

    private func isHighest(_ value: Double, _ k: Int) -> Bool {
        summary.arms.count > 1 && summary.arms.allSatisfy { ($0.pass(k)?.pass.value ?? .nan) <= value }
    }

    var passTableCaption: String {
        "\(summary.evaluation.problems) held-out problems, \(summary.evaluation.samples) samples each at temperature "
            + "\(summary.evaluation.temperature), after training; means over seeds. Small: 95 % intervals over seeds and "
            + "problems. Bold: the highest of a column."
    }

    var differenceTableCaption: String {
        "Differences are taken problem by problem at equal seeds; small: their 95 % intervals, bold where these leave out 0. "
            + "Entropy in nats per token of the held-out samples, with the lowest and highest seed, and its change since the "
            + "start. pass@1 per nat: pass@1 gained since the start per nat lost; – where entropy did not fall."
    }

    var budgetParagraph: String {
        let setting = summary.setting
        var sentences = [
            "All arms start from one model, meet the same prompts in the same order at equal seeds and make "
                + "\(setting.steps) steps of \(setting.promptsPerStep) × \(setting.completionsPerPrompt) completions. An arm "
                + "that may sample further prompts ends with the step that spends the tokens of \(summary.baseline), wherever the "
                + "schedule of its learning rate is then."
        ]
        if let control = summary.control, let share = summary.controlShare {
            sentences.append(
                "\(control) drops \(percent(share, decimals: 2)) of the tokens at random.")
        }
        return sentences.joined(separator: " ")
    }

    var costTable: HTMLTable {
        let columns: [HTMLTable.Column] = [
            .init("mean over seeds", .text), .init("algorithm", .text), .init("steps"), .init("updates"),
            .init("sampled tokens"), .init("of tests"), .init("length, held out"),
            .init("dropped"), .init("correction"), .init("seconds"),
        ]
        let rows: [[HTMLTable.Cell]] = summary.arms.map { arm in
            [
                .init(arm.name), .init(arm.algorithm), .init(arm.steps.mean, decimals: 0),
                .init(arm.updates.mean, decimals: 0),
                .init(magnitude(arm.sampledTokens.mean)), arm.testTokens.map { .init(magnitude($0.mean)) } ?? "",
                .init(arm.meanLength.mean, decimals: 1),
                arm.droppedShare.map { .init(percent($0.mean, decimals: 2)) } ?? "",
                arm.correctionShare.map { .init(percent($0.mean)) } ?? "", .init(arm.seconds.mean, decimals: 0),
            ]
        }
        return HTMLTable(columns: columns, rows: rows)
    }

    var costTableCaption: String {
        "Sampled tokens: of all completions, trained on or not; prompts are not counted. Of tests: on top, where "
            + "early stopping decides by tests. Length in tokens. Seconds: sampling, judging, "
            + "updating and measuring, without held-out tests."
    }
}
