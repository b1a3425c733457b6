// pass@k and avg@k over problems, with intervals: how often at least one of k samples is right, and how often one is.

/// How many of the samples of one problem were right.
public struct ProblemOutcome: Sendable, Equatable {
    public var samples: Int
    public var correct: Int

    /// - Throws: `AnalysisError` unless 1 <= samples and 0 <= correct <= samples.
    public init(samples: Int, correct: Int) throws {
        guard samples >= 1, 0...samples ~= correct else {
            throw AnalysisError(
                .outOfRange, "a problem with \(samples) samples cannot have \(correct) correct ones; count them again",
                place: "correct")
        }
        self.samples = samples
        self.correct = correct
    }

    public init(_ verdicts: [Bool]) throws {
        try self.init(samples: verdicts.count, correct: verdicts.count { $0 })
    }
}

/// A mean over problems with its 95 % interval.
public struct Estimate: Sendable, Equatable {
    public var value: Double
    public var lower: Double
    public var upper: Double
    public var problems: Int

    public init(value: Double, lower: Double, upper: Double, problems: Int) {
        self.value = value
        self.lower = lower
        self.upper = upper
        self.problems = problems
    }
}

public enum PassAtK {
    /// The unbiased estimate from n samples with c right ones: 1 - C(n-c, k) / C(n, k) (2107.03374, equation 1).
    ///
    /// Written as a product of min(c, k) factors, so no binomial is formed and none overflows.
    /// - Throws: `AnalysisError` unless 1 <= k <= n.
    public static func estimate(_ outcome: ProblemOutcome, k: Int) throws -> Double {
        let (n, c) = (outcome.samples, outcome.correct)
        guard k >= 1, k <= n else {
            throw AnalysisError(
                .outOfRange, "pass@\(k) cannot be estimated from \(n) samples; choose k from 1 to \(n)",
                place: "pass@\(k)")
        }
        if n - c < k { return 1 }
        // C(n-c, k) / C(n, k) is symmetric in c and k; the shorter product is the faster and the more exact.
        let (few, many) = (min(c, k), max(c, k))
        return 1 - (0..<few).reduce(1.0) { $0 * (Double(n - many - $1) / Double(n - $1)) }
    }

    /// pass@k over problems, each with the same weight, with a seeded bootstrap interval.
    ///
    /// - Throws: `AnalysisError` if there are no problems or one has fewer than k samples.
    public static func estimate(
        _ outcomes: [ProblemOutcome], k: Int, seed: UInt64, resamples: Int = Bootstrap.resamples
    ) throws -> Estimate {
        try Bootstrap.mean(
            of: outcomes.map { try estimate($0, k: k) }, name: "pass@\(k)", seed: seed, resamples: resamples)
    }

    /// avg@k: the fraction of right samples, averaged over problems, with a seeded bootstrap interval.
    ///
    /// - Throws: `AnalysisError` if there are no problems.
    public static func average(
        _ outcomes: [ProblemOutcome], seed: UInt64, resamples: Int = Bootstrap.resamples
    ) throws -> Estimate {
        try Bootstrap.mean(
            of: outcomes.map { Double($0.correct) / Double($0.samples) }, name: "avg@k", seed: seed,
            resamples: resamples)
    }
}
