// How the entropy–score law changes with model size, for foretelling a large model's ceiling from small ones.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// a = c1 ln N + c0, and the same for b, over models of N parameters (2505.22617, secondary: read off its figures).
///
/// One family of models on the same data and with the same training; void across families. The ceiling b − a is fitted
/// by itself, so that its interval knows how a and b vary together. Models are independent, so plain least squares.
public struct ModelSizeLaw: Sendable, Equatable {
    /// Lines over ln N; slope c1, intercept c0.
    public let a: LeastSquares
    public let b: LeastSquares
    public let ceiling: LeastSquares

    /// - Parameters: N and the coefficients of each model, shape [models].
    /// - Throws: `EntropyDynamicsError` if lengths differ, there are fewer than 3 models, N is not positive, a number
    ///   is not finite, or all N are equal.
    public init(parameterCounts: [Double], a: [Double], b: [Double]) throws {
        if let index = parameterCounts.firstIndex(where: { !($0 > 0) }) {
            throw EntropyDynamicsError(
                .outOfRange, "a law over model size needs positive parameter counts, got \(parameterCounts[index])",
                place: "parameterCounts[\(index)]")
        }
        guard a.count == parameterCounts.count, b.count == parameterCounts.count else {
            throw EntropyDynamicsError(
                .unequalLengths,
                "a law over model size needs a and b for each model: \(a.count) and \(b.count) for "
                    + "\(parameterCounts.count)", place: "a")
        }
        let sizes = parameterCounts.map { log($0) }
        self.a = try LeastSquares(x: sizes, y: a)
        self.b = try LeastSquares(x: sizes, y: b)
        ceiling = try LeastSquares(x: sizes, y: zip(b, a).map(-))
    }

    /// The law through the fits of several models.
    ///
    /// - Throws: as `init(parameterCounts:a:b:)`.
    public init(parameterCounts: [Double], laws: [EntropyScoreLaw]) throws {
        try self.init(parameterCounts: parameterCounts, a: laws.map(\.a), b: laws.map(\.b))
    }

    /// −a(N) e^H + b(N): the score another model would have at H.
    public func score(atEntropy entropy: Double, parameterCount: Double) -> Double {
        b.value(at: log(parameterCount)) - a.value(at: log(parameterCount)) * exp(entropy)
    }

    /// Interval of the ceiling of one other model, scatter between models included.
    ///
    /// - Throws: `EntropyDynamicsError` unless 0 < level < 1.
    public func ceilingInterval(parameterCount: Double, level: Double = 0.95) throws -> ClosedRange<Double> {
        try ceiling.predictionInterval(at: log(parameterCount), level: level)
    }
}
