// AdamW with decoupled weight decay and global-norm clipping (1711.05101, algorithm 2).

internal import CTorch

/// The optimiser's state and its one step. Parameters are float32; moments have their shapes.
public struct AdamW {
    public struct Options: Sendable, Equatable {
        public var beta1: Double
        public var beta2: Double
        public var epsilon: Double
        public var weightDecay: Double
        /// Gradients are scaled so that their global L2 norm is at most this; infinity never scales.
        public var maxGradientNorm: Double

        public init(
            beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
            maxGradientNorm: Double = 1
        ) {
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.weightDecay = weightDecay
            self.maxGradientNorm = maxGradientNorm
        }
    }

    public struct StepResult: Sendable {
        /// Global L2 norm before clipping.
        public var gradientNorm: Double
        /// direction · (θ_after − θ_before), when a direction was given; a correction is in it.
        public var projection: Double?
        /// The step against the direction, before any correction.
        public var geometry: StepGeometry?
    }

    public var options: Options
    public let parameters: [Tensor]
    public let firstMoments: [Tensor]
    public let secondMoments: [Tensor]
    /// Updates made so far (bias correction).
    public var stepCount = 0
    private let decays: [Int32]

    /// Vectors (norm weights, biases) are exempt from weight decay.
    public init(_ parameters: [Tensor], options: Options) {
        self.options = options
        self.parameters = parameters
        firstMoments = parameters.map { .zeros(like: $0) }
        secondMoments = parameters.map { .zeros(like: $0) }
        decays = parameters.map { $0.rank > 1 ? 1 : 0 }
    }

    /// One update in place. `direction`, one tensor per parameter, is projected on the real step.
    ///
    /// A gradient that is not finite changes nothing: the caller sees it in `gradientNorm`.
    /// - Parameter correction: asked after the step for the c of a correction c P · direction of the parameters, P the metric
    ///   of the step; weight decay and clipping are in the step it sees, and the moments never see the correction. Not asked
    ///   if the step was refused or there is no direction; 0 or a number that is not finite corrects nothing.
    public mutating func step(
        gradients: [Tensor], learningRate: Double, direction: [Tensor]? = nil,
        correction: ((StepGeometry) -> Double)? = nil
    ) -> StepResult {
        // after a failed operator the gradients are incomplete
        guard !FailureScope.hasFailed else { return StepResult(gradientNorm: .nan) }
        let norm = squaredNorm(gradients).squareRoot()
        guard norm.isFinite else { return StepResult(gradientNorm: norm) }
        stepCount += 1
        var sums = ct_step_geometry()
        let directions = direction?.map(\.handle)
        check(
            ct_adamw_step(
                parameters.map(\.handle), gradients.map(\.handle), firstMoments.map(\.handle),
                secondMoments.map(\.handle), decays, Int32(parameters.count),
                settings(step: stepCount, learningRate: learningRate, scale: scale(norm: norm)), directions, &sums),
            "AdamW")
        guard let direction, !FailureScope.hasFailed else { return StepResult(gradientNorm: norm) }
        let geometry = StepGeometry(
            projection: sums.projection, directionSquare: sums.direction_square, stepSquare: sums.step_square)
        var projection = geometry.projection
        if let factor = correction?(geometry), factor != 0, factor.isFinite {
            projection += correct(direction, factor: factor)
        }
        return StepResult(gradientNorm: norm, projection: projection, geometry: geometry)
    }
}

/// Σ x² over all elements of some float32 tensors, in double precision; NaN if the operator failed.
public func squaredNorm(_ tensors: [Tensor]) -> Double {
    var squares = Double.nan
    check(ct_squared_norm(tensors.map(\.handle), Int32(tensors.count), &squares), "squared norm")
    return squares
}
