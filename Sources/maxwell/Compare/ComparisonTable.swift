// The result of a comparison as a table for the terminal.

import Comparison

enum ComparisonTable {
    static func text(_ summary: ComparisonSummary) -> String {
        let ks = summary.evaluation.ks
        let last = ks.last ?? 1
        var rows = [["arm", "seeds"] + ks.map { "pass@\($0)" } + ["Δ@1", "Δ@\(last)", "entropy", "dropped", "tokens"]]
        rows.append(
            ["start", ""] + summary.start.passAtK.map { fixed($0.pass.value, 3) }
                + ["", "", fixed(summary.start.entropy, 3), "", ""])
        for arm in summary.arms {
            rows.append(
                [arm.name, "\(arm.seeds.count)"] + arm.passAtK.map { fixed($0.pass.value, 3) }
                    + [1, last].map { arm.pass($0)?.againstBaseline.map { fixed($0.value, 3) } ?? "" }
                    + [
                        fixed(arm.entropy.mean, 3), arm.droppedShare.map { fixed(100 * $0.mean, 2) + " %" } ?? "",
                        fixed(arm.sampledTokens.mean, 0),
                    ])
        }
        return TextTable.text(rows)
            + "\n\nMeans over seeds on \(summary.evaluation.problems) held-out problems, \(summary.evaluation.samples) "
            + "completions each; Δ against \(summary.baseline), intervals in comparison.json; entropy in nats per token."
    }
}
