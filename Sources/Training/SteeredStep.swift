// One optimiser step that is steered towards a wanted entropy change: inner products here, the arithmetic in `Steering`.

import Algorithms
import Models
import Torch

extension AdamW {
    /// Makes the step, with what its steering adds to the gradient or to the step itself.
    ///
    /// - Parameters:
    ///   - loss: the gradient of the loss; receives what an actuator adds to the gradient.
    ///   - direction: ∇θH̄; without it nothing is steered.
    ///   - flows: for flow scaling, the gradient of the part of the loss that raises entropy minus the part that lowers it.
    mutating func steeredStep(
        loss: [Tensor], direction: [Tensor]?, flows: [Tensor]?, steering: Steering?, learningRate: Double
    ) -> (StepResult, SteeringReport?) {
        guard let steering, let direction else {
            return (step(gradients: loss, learningRate: learningRate, direction: direction), nil)
        }
        if case .projectedUpdate(let cap) = steering.actuator {
            var report: SteeringReport?
            let result = step(gradients: loss, learningRate: learningRate, direction: direction) { geometry in
                let found = steering.projection(
                    predicted: geometry.projection, directionSquare: geometry.directionSquare,
                    stepSquare: geometry.stepSquare, cap: cap)
                report = found
                return steering.isDryRun ? 0 : found.knob
            }
            return (result, report)
        }
        let knob: (gradient: [Tensor], range: ClosedRange<Double>)? =
            switch steering.actuator {
            case .flowScaling(let limit): flows.map { ($0, -limit...limit) }
            case .entropyCoefficient(let range): (direction.map { $0 * -1 }, range)
            case .projectedUpdate, .rule: nil
            }
        let report = setting(steering, loss, direction, knob?.gradient, knob?.range ?? 0...0, learningRate)
        if let knob, report.knob != 0, !steering.isDryRun {
            for (sum, part) in zip(loss, knob.gradient) { sum.accumulate(part * report.knob) }
        }
        return (step(gradients: loss, learningRate: learningRate, direction: direction), report)
    }

    /// The setting of a knob that adds x · `unit` to the gradient, by the effect of whole gradients on H̄: −η ∇H̄·P G now and
    /// over the momentum's memory.
    private func setting(
        _ steering: Steering, _ loss: [Tensor], _ direction: [Tensor], _ unit: [Tensor]?, _ range: ClosedRange<Double>,
        _ learningRate: Double
    ) -> SteeringReport {
        let scale = gradientScale(loss)
        func dot(_ a: [Tensor], _ b: [Tensor]) -> Double { preconditionedDot(a, b, gradients: loss, scale: scale) }
        let effect = -learningRate * scale * dot(direction, loss)
        let pending = momentumMemory == 0 ? 0 : -learningRate * momentumMemory * dot(direction, firstMoments)
        guard let unit else {
            return steering.setting(effect: effect, response: 0, pending: pending, unitShare: 0, in: range)
        }
        return steering.setting(
            effect: effect, response: -learningRate * scale * dot(direction, unit), pending: pending,
            unitShare: (dot(unit, unit) / dot(loss, loss)).squareRoot(), in: range)
    }
}
