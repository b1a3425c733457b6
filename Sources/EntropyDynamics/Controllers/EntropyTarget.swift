// The entropy a run should have at each of its steps.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// H*(k) in nats, a pure function of the step k of a run of T steps; nil where the run is let go.
///
/// Steps before 0 and after T have the values at 0 and T, so a resumed or prolonged run keeps its last target.
/// The shapes are ours but for `oscillatoryDecay`; none promises that a policy can have that entropy: H ≤ log V.
public struct EntropyTarget: Sendable, Equatable {
    /// A target at one step.
    public struct Point: Sendable, Equatable, Codable {
        public var step: Int
        /// Nats.
        public var entropy: Double

        public init(step: Int, entropy: Double) {
            self.step = step
            self.entropy = entropy
        }
    }

    public enum Shape: Sendable, Equatable, Codable {
        case constant(Double)
        /// `from` (1 − k/T) + `to` k/T.
        case linear(from: Double, to: Double)
        /// `from` (`to` / `from`)^(k/T): the same relative change each step. Both ends above zero.
        case exponential(from: Double, to: Double)
        /// Straight lines through the points, level before the first and after the last.
        case points([Point])
        /// τ_high(k) = H_min + (H_init − H_min)(1 − k/T) with H_min = `floor` · H_init, the reference curve of the
        /// oscillatory decay of 2602.09782 (primary: the authors' blog), whose floor is 0.2.
        case oscillatoryDecay(initial: Double, floor: Double)
        /// H_min + (τ_high(k) − H_min)(1 + cos 2πnk/T) / 2: n swings between that curve and H_min = `floor` · H_init, ever
        /// smaller, from H_init on (ours).
        case oscillation(initial: Double, floor: Double, periods: Double)
        /// The inner shape while k < `at`, and no target from then on: hold early, let go late.
        indirect case release(Shape, at: Int)
    }

    public let shape: Shape
    /// T.
    public let totalSteps: Int

    /// - Throws: `EntropyDynamicsError` if T is not positive, an entropy is negative or not finite (zero too where a
    ///   ratio is taken), points are missing or not in order of strictly increasing steps from 0 on.
    public init(_ shape: Shape, totalSteps: Int) throws {
        guard totalSteps > 0 else {
            throw EntropyDynamicsError.badSetting(
                "an entropy target needs a run of at least one step, got \(totalSteps)", place: "totalSteps")
        }
        try shape.validate()
        self.shape = shape
        self.totalSteps = totalSteps
    }

    /// H*(k), nats; nil once the target is released.
    public func value(at step: Int) -> Double? { shape.value(at: step.clamped(to: 0...totalSteps), of: totalSteps) }
}

extension EntropyTarget.Shape {
    fileprivate func validate() throws {
        func check(_ value: Double, _ place: String) throws {
            try requireSetting(value, in: 0...Double.infinity, "an entropy target", place: place)
        }
        switch self {
        case .constant(let value): try check(value, "constant")
        case .linear(let from, let to):
            try check(from, "linear.from")
            try check(to, "linear.to")
        case .exponential(let from, let to):
            try requirePositive(from, "an exponential entropy target", place: "exponential.from")
            try requirePositive(to, "an exponential entropy target", place: "exponential.to")
        case .points(let points):
            guard !points.isEmpty else {
                throw EntropyDynamicsError.badSetting("an entropy target needs at least one point", place: "points")
            }
            for (index, point) in points.enumerated() {
                try check(point.entropy, "points[\(index)].entropy")
                let previous = index == 0 ? -1 : points[index - 1].step
                guard point.step > previous else {
                    throw EntropyDynamicsError.badSetting(
                        "the points of an entropy target need strictly increasing steps from 0 on, "
                            + "got \(point.step) after \(index == 0 ? "the start" : "\(previous)")",
                        place: "points[\(index)].step")
                }
            }
        case .oscillatoryDecay(let initial, let floor):
            try requirePositive(initial, "an oscillatory decay", place: "oscillatory_decay.initial")
            try requireSetting(floor, in: 0...1, "an oscillatory decay", place: "oscillatory_decay.floor")
        case .oscillation(let initial, let floor, let periods):
            try requirePositive(initial, "an oscillating entropy target", place: "oscillation.initial")
            try requireSetting(floor, in: 0...1, "an oscillating entropy target", place: "oscillation.floor")
            try requireSetting(
                periods, in: 0...Double.infinity, "an oscillating entropy target", place: "oscillation.periods")
        case .release(let shape, let step):
            guard step >= 0 else {
                throw EntropyDynamicsError.badSetting(
                    "an entropy target can be released from step 0 on, got \(step)", place: "release.at")
            }
            try shape.validate()
        }
    }

    fileprivate func value(at step: Int, of total: Int) -> Double? {
        let done = Double(step) / Double(total)
        // Weights that sum to 1, rather than a difference times a fraction, give both ends exactly.
        func line(_ from: Double, _ to: Double, _ fraction: Double) -> Double { from * (1 - fraction) + to * fraction }
        switch self {
        case .constant(let value): return value
        case .linear(let from, let to): return line(from, to, done)
        case .exponential(let from, let to): return pow(from, 1 - done) * pow(to, done)
        case .points(let points):
            guard let next = points.firstIndex(where: { $0.step > step }) else { return points.last?.entropy }
            guard next > 0 else { return points[next].entropy }
            let (left, right) = (points[next - 1], points[next])
            return line(left.entropy, right.entropy, Double(step - left.step) / Double(right.step - left.step))
        case .oscillatoryDecay(let initial, let floor): return line(initial, floor * initial, done)
        case .oscillation(let initial, let floor, let periods):
            let height = (1 + cos(2 * .pi * periods * done)) / 2
            return line(floor * initial, line(initial, floor * initial, done), height)
        case .release(let shape, let end): return step < end ? shape.value(at: step, of: total) : nil
        }
    }
}

extension EntropyTarget.Shape {
    /// The same shape with every entropy multiplied: a target in shares of some entropy becomes one in nats.
    public func scaled(by factor: Double) -> EntropyTarget.Shape {
        switch self {
        case .constant(let value): .constant(value * factor)
        case .linear(let from, let to): .linear(from: from * factor, to: to * factor)
        case .exponential(let from, let to): .exponential(from: from * factor, to: to * factor)
        case .points(let points):
            .points(points.map { EntropyTarget.Point(step: $0.step, entropy: $0.entropy * factor) })
        case .oscillatoryDecay(let initial, let floor): .oscillatoryDecay(initial: initial * factor, floor: floor)
        case .oscillation(let initial, let floor, let periods):
            .oscillation(initial: initial * factor, floor: floor, periods: periods)
        case .release(let shape, let step): .release(shape.scaled(by: factor), at: step)
        }
    }
}
