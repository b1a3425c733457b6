// What the step-size experiment concludes.

import Analysis

/// Orders of the errors, the steps at which they reach a tenth, and how well whole runs are predicted.
func stepSizeFindings(_ runs: [StepSizeSeed]) throws -> [Finding] {
    try slopeFindings(runs) + [tenthFinding(runs)] + runFindings(runs)
}

private func slopeFindings(_ runs: [StepSizeSeed]) throws -> [Finding] {
    try StepKind.allCases.map { kind in
        func slopes(_ errors: (StepErrors) -> [Double]) throws -> [Double] {
            try runs.map { run in
                try logLogSlope(
                    Array(StepSizeSeed.sizes.prefix(StepSizeSeed.fitted)),
                    Array(errors(run.errors[kind.rawValue]).prefix(StepSizeSeed.fitted)))
            }
        }
        let (first, second) = (try slopes(\.first), try slopes(\.second))
        return Finding(
            "\(kind.title): the error is of order η² at first order and η³ at second order (derived)",
            holds: first.allSatisfy { ($0 - 2).magnitude < 0.05 } && second.allSatisfy { ($0 - 3).magnitude < 0.05 },
            measured: "slopes up to 0.1: \(spread(first)) and \(spread(second))")
    }
}

private func tenthFinding(_ runs: [StepSizeSeed]) -> Finding {
    var isLater = true
    let parts = StepKind.allCases.map { kind in
        let first = runs.map { $0.errors[kind.rawValue].tenth($0.errors[kind.rawValue].first) }
        let second = runs.map { $0.errors[kind.rawValue].tenth($0.errors[kind.rawValue].second) }
        isLater = isLater && zip(first, second).allSatisfy { $0 < $1 }
        return "\(kind.name) \(reached(first)) and \(reached(second))"
    }
    return Finding(
        "Second order allows larger steps at an error of a tenth of ΔH (derived)", holds: isLater,
        measured: "reached at first and second order: \(parts.joined(separator: "; ")) (ΔH of an update is a mean over "
            + "rows of both signs)")
}

private func reached(_ steps: [Double]) -> String {
    let finite = steps.filter(\.isFinite)
    guard !finite.isEmpty else { return "beyond 3.2" }
    let beyond = steps.count - finite.count
    return spread(finite, 2) + (beyond == 0 ? "" : ", on \(beyond) of \(steps.count) seeds beyond 3.2")
}

private func runFindings(_ runs: [StepSizeSeed]) throws -> [Finding] {
    func quality(_ updates: [UpdateRecord], _ predicted: (UpdateRecord) -> Double) throws -> PredictionQuality {
        try PredictionQuality(predicted: updates.map(predicted), measured: updates.map(\.measured))
    }
    let slow = try runs.map { try quality($0.slow, \.predictedToken).r2Identity }
    let fast = try runs.map { try quality($0.fast, \.predictedToken).r2Identity }
    let second = try runs.map { try quality($0.fast, \.predictedSecondOrder).r2Identity }
    let tokens = try runs.map { try quality($0.adam, \.predictedToken) }
    let moved = try runs.map { try quality($0.adam, \.predictedFirstOrder).r2Identity }
    // A run's trend alone correlates any two of its curves; changes from update to update have no trend.
    let changes = try runs.map { run in
        let (p, m) = (run.adam.map(\.predictedToken), run.adam.map(\.measured))
        return try PredictionQuality(
            predicted: zip(p.dropFirst(), p).map { $0 - $1 }, measured: zip(m.dropFirst(), m).map { $0 - $1 }
        ).correlation
    }
    return [
        Finding(
            "Theorem 3.3, summed over a batch's tokens, predicts the updates of a gradient-descent run (2602.03392)",
            holds: (slow + fast).allSatisfy { $0 > 0.95 },
            measured: "R² \(spread(slow, 4)) at 0.2 and \(spread(fast, 4)) at 1, where second order has "
                + "\(spread(second, 4))"),
        Finding(
            "Under Adam it is void as a number, and at most rank remains (derived)",
            holds: tokens.allSatisfy { $0.r2Identity < 0.5 && $0.correlation > 0 },
            measured: "R² \(spread(tokens.map(\.r2Identity), 2)): exact ΔH is \(spread(tokens.map(\.slope), 1)) times "
                + "the prediction, a factor that the scale of the loss sets at will; correlation \(spread(tokens.map(\.correlation), 3)), of the changes from update to "
                + "update \(spread(changes, 3))"),
        Finding(
            "∇H · Δz with Adam's own displacement still predicts (derived)", holds: moved.allSatisfy { $0 > 0.95 },
            measured: "R² \(spread(moved, 4)) at 0.05"),
    ]
}
