// What a run's metrics say of its cost and of how hard it was controlled.

public import Analysis

extension RunResult {
    /// Reads steps, tokens, seconds and effort from the curves of a run.
    public init(arm: String, algorithm: String, seed: Int, curves: RunCurves, evaluation: EvaluationRecord) {
        let tokens = curves.overSteps("tokens/completion")?.values ?? []
        let lengths = curves.overSteps("completion/length_mean")?.values ?? []
        let completions = zip(tokens, lengths).reduce(0.0) { $1.1 > 0 ? $0 + $1.0 / $1.1 : $0 }
        let seconds = curves.names.filter { $0.hasPrefix("seconds/") }
            .reduce(0.0) { sum, name in sum + (curves[name]?.values.reduce(0, +) ?? 0) }
        self.init(
            arm: arm, algorithm: algorithm, seed: seed, steps: tokens.count, updates: curves.records.count,
            sampledTokens: Int(tokens.reduce(0, +)), sampledCompletions: Int(completions.rounded()),
            testTokens: curves.overSteps("tokens/test").map { Int($0.values.reduce(0, +)) },
            droppedShare: curves.droppedShare.map { average($0.values) },
            correctionShare: curves.correctionShare.map { average($0.values) }, seconds: seconds,
            evaluation: evaluation)
    }
}

extension RunCurves {
    /// Share of tokens that token rules dropped, by step: the sum over rules; nil without one.
    public var droppedShare: Curve? {
        sumOverSteps(
            "dropped", of: names.filter { $0.hasPrefix("algorithm/") && $0.hasSuffix("/dropped") })
    }

    /// Length of the thermostat's correction over the length of the step, by step; nil without one. A thermostat that
    /// acts by Clip_V drops tokens instead, and is in `droppedShare`.
    public var correctionShare: Curve? {
        names.contains("algorithm/thermostat/dropped") ? nil : overSteps("thermostat/share")
    }
}

/// NaN of nothing.
func average(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
}
