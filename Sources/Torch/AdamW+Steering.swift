// The optimiser's metric: inner products in it, and a correction of the step that was just made.

internal import CTorch

/// How a real step Δθ lies to a direction d in the metric P = 1 / (√v̂ + ε) of the step.
public struct StepGeometry: Sendable, Equatable {
    /// d · Δθ.
    public var projection: Double
    /// d · P d.
    public var directionSquare: Double
    /// Δθ · P⁻¹ Δθ.
    public var stepSquare: Double
}

extension AdamW {
    /// β₁ / (1 − β₁): the steps over which a gradient acts after its own.
    public var momentumMemory: Double { options.beta1 / (1 - options.beta1) }

    /// Scale that clipping by the global norm will put on these gradients; NaN if their norm is not finite.
    public func gradientScale(_ gradients: [Tensor]) -> Double {
        var squares = Double.nan
        guard !FailureScope.hasFailed else { return .nan }
        check(ct_squared_norm(gradients.map(\.handle), Int32(gradients.count), &squares), "gradient norm")
        return scale(norm: squares.squareRoot())
    }

    /// a · P b with the P = 1 / (√v̂ + ε) that the next step will have if it is made with these gradients.
    public func preconditionedDot(_ a: [Tensor], _ b: [Tensor], gradients: [Tensor], scale: Double) -> Double {
        var result = Double.nan
        guard !FailureScope.hasFailed else { return result }
        let settings = settings(step: stepCount + 1, learningRate: 0, scale: scale)
        check(
            ct_adamw_dot(
                a.map(\.handle), b.map(\.handle), gradients.map(\.handle), secondMoments.map(\.handle),
                Int32(parameters.count), settings, &result),
            "inner product in AdamW's metric")
        return result
    }

    /// Adds factor · P d to the parameters and returns d · (what that moved); the moments stay as they are.
    func correct(_ direction: [Tensor], factor: Double) -> Double {
        var projection = 0.0
        check(
            ct_adamw_correct(
                parameters.map(\.handle), secondMoments.map(\.handle), direction.map(\.handle), Int32(parameters.count),
                settings(step: stepCount, learningRate: 0, scale: 1), factor, &projection),
            "correction of AdamW's step")
        return projection
    }

    func scale(norm: Double) -> Double { norm > options.maxGradientNorm ? options.maxGradientNorm / norm : 1 }

    func settings(step: Int, learningRate: Double, scale: Double) -> ct_adamw_options {
        ct_adamw_options(
            learning_rate: learningRate, beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon,
            weight_decay: options.weightDecay, step: Int64(step), gradient_scale: scale)
    }
}
