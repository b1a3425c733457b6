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
        /// direction · (θ_after − θ_before), when a direction was given.
        public var projection: Double?
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
    public mutating func step(gradients: [Tensor], learningRate: Double, direction: [Tensor]? = nil) -> StepResult {
        var squares = Double.nan
        // after a failed operator the gradients are incomplete
        guard !FailureScope.hasFailed else { return StepResult(gradientNorm: .nan, projection: nil) }
        check(ct_squared_norm(gradients.map(\.handle), Int32(gradients.count), &squares), "gradient norm")
        let norm = squares.squareRoot()
        guard norm.isFinite else { return StepResult(gradientNorm: norm, projection: nil) }
        stepCount += 1
        let scale = norm > options.maxGradientNorm ? options.maxGradientNorm / norm : 1
        let settings = ct_adamw_options(
            learning_rate: learningRate, beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon,
            weight_decay: options.weightDecay, step: Int64(stepCount), gradient_scale: scale)
        var projection = 0.0
        let directions = direction?.map(\.handle)
        check(
            ct_adamw_step(
                parameters.map(\.handle), gradients.map(\.handle), firstMoments.map(\.handle),
                secondMoments.map(\.handle), decays, Int32(parameters.count), settings, directions, &projection),
            "AdamW")
        return StepResult(gradientNorm: norm, projection: direction == nil ? nil : projection)
    }
}
