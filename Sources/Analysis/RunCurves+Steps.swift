// Curves over rollout steps, so that runs with different numbers of updates a step have one axis.

import Runs

extension RunCurves {
    /// A metric against the rollout step: the mean over the step's updates. Nil if it never had a number.
    ///
    /// What a line repeats for every update of its step (rewards, tokens) comes out once; what each update adds, such as
    /// `seconds/*`, has to be summed over updates instead. Lines without `rollout_step` count as a step each.
    public func overSteps(_ name: String) -> Curve? {
        var curve = Curve(name: name, steps: [], values: [])
        var counts: [Double] = []
        for record in records {
            guard let value = record[name]?.number, value.isFinite else { continue }
            let step = record["rollout_step"]?.number.map { Int($0) } ?? record.step
            if curve.steps.last == step {
                curve.values[curve.values.count - 1] += value
                counts[counts.count - 1] += 1
            } else {
                curve.steps.append(step)
                curve.values.append(value)
                counts.append(1)
            }
        }
        guard !curve.steps.isEmpty else { return nil }
        curve.values = zip(curve.values, counts).map { $0 / $1 }
        return curve
    }

    /// The sum over the given metrics at the steps that have any of them.
    public func sumOverSteps(_ name: String, of metrics: [String]) -> Curve? {
        var totals: [Int: Double] = [:]
        for curve in metrics.compactMap(overSteps) {
            for (step, value) in zip(curve.steps, curve.values) { totals[step, default: 0] += value }
        }
        guard !totals.isEmpty else { return nil }
        let steps = totals.keys.sorted()
        return Curve(name: name, steps: steps, values: steps.map { totals[$0] ?? 0 })
    }
}

extension Curve {
    /// The mean over `curves` at the steps that all have, then the moving mean of `window` points around each step; at
    /// the ends the window is cut off. Nil without a common step.
    public static func mean(over curves: [Curve], window: Int) -> Curve? {
        guard let points = try? Summary.over(curves), let first = curves.first, !points.isEmpty else { return nil }
        let values = points.map(\.summary.mean)
        let half = max(0, window / 2)
        let smooth = values.indices.map { index in
            let part = values[max(0, index - half)...min(values.count - 1, index + half)]
            return part.reduce(0, +) / Double(part.count)
        }
        return Curve(name: first.name, steps: points.map(\.step), values: smooth)
    }
}
