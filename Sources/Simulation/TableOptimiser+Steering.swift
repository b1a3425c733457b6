// A table's step steered towards a wanted entropy change, by the same arithmetic as the trainer's.

import Algorithms

extension TableOptimiser {
    /// Δz of every logit, with what the steering adds to gradient or step; and what became of it.
    ///
    /// - Parameters:
    ///   - bonusScale: what the table's gradient is beside that of the mini-batch mean, which an entropy bonus shares.
    ///   - direction: ∇H̄, asked for only where something is steered.
    ///   - flows: the gradient of the part of the loss that raises entropy minus the part that lowers it; likewise.
    mutating func steered(
        gradient: [Double], learningRate: Double, steering: Steering?, bonusScale: Double, direction: () -> [Double],
        flows: () -> [Double]
    ) -> ([Double], SteeringReport?) {
        guard let steering else { return (displacement(gradient: gradient, learningRate: learningRate), nil) }
        let direction = direction()
        let metric = metric(gradient: gradient)
        func dot(_ a: [Double], _ b: [Double]) -> Double {
            a.indices.reduce(0) { $0 + a[$1] * b[$1] * metric[$1] }
        }
        if case .projectedUpdate(let cap) = steering.actuator {
            let step = displacement(gradient: gradient, learningRate: learningRate)
            let report = steering.projection(
                predicted: step.indices.reduce(0) { $0 + step[$1] * direction[$1] },
                directionSquare: dot(direction, direction),
                stepSquare: step.indices.reduce(0) { $0 + step[$1] * step[$1] / metric[$1] }, cap: cap)
            let factor = steering.isDryRun ? 0 : report.knob
            return (step.indices.map { step[$0] + factor * metric[$0] * direction[$0] }, report)
        }
        let unit: [Double]
        let range: ClosedRange<Double>
        switch steering.actuator {
        case .flowScaling(let limit): (unit, range) = (flows(), -limit...limit)
        case .entropyCoefficient(let bounds): (unit, range) = (direction.map { -$0 * bonusScale }, bounds)
        case .projectedUpdate, .rule: (unit, range) = (gradient.map { _ in 0 }, 0...0)
        }
        let report = steering.setting(
            effect: -learningRate * dot(direction, gradient), response: -learningRate * dot(direction, unit),
            pending: first.isEmpty ? 0 : -learningRate * momentumMemory * dot(direction, first),
            unitShare: (dot(unit, unit) / dot(gradient, gradient)).squareRoot(), in: range)
        let knob = steering.isDryRun ? 0 : report.knob
        let whole = knob == 0 ? gradient : gradient.indices.map { gradient[$0] + knob * unit[$0] }
        return (displacement(gradient: whole, learningRate: learningRate), report)
    }
}
