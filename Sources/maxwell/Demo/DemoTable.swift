// The demo's result as a table for the terminal.

enum DemoTable {
    static func text(_ summary: DemoSummary) -> String {
        var rows = [
            ["arm", "seed", "pass@1", "pass@4", "pass@16", "entropy", "ΔH: R²", "slope", "corr. token", "seconds"]
        ]
        if let start = summary.arms.first {
            rows.append(["start", ""] + passes(start.before) + [fixed(start.entropyInitial, 3), "", "", "", ""])
        }
        for arm in summary.arms {
            rows.append(
                [arm.algorithm, "\(arm.seed)"] + passes(arm.after) + [
                    fixed(arm.entropyFinal, 3), fixed(arm.parameterPrediction.r2, 3),
                    fixed(arm.parameterPrediction.slope, 2),
                    fixed(arm.tokenPrediction.correlation, 2), fixed(arm.seconds, 0),
                ])
        }
        return "\n" + TextTable.text(rows)
            + "\n\npass@k on \(summary.heldOutProblems) held-out problems, \(summary.samples) completions each; entropy in nats per token; "
            + "R² and slope of the parameter-space prediction of each update's ΔH."
    }

    private static func passes(_ results: HeldOut) -> [String] {
        [results.passAt1, results.passAt4, results.passAt16].map { fixed($0.value, 3) }
    }
}
