// What the seeds of one arm come to: pass@k with intervals, entropy, cost and control effort.

import Analysis

/// A mean over problems and seeds with its 95 % interval.
public struct IntervalValue: Codable, Sendable, Equatable {
    public var value: Double
    public var lower: Double
    public var upper: Double

    init(_ estimate: Estimate) {
        value = estimate.value
        lower = estimate.lower
        upper = estimate.upper
    }
}

/// A number over seeds.
public struct SeedRange: Codable, Sendable, Equatable {
    public var mean: Double
    public var lowest: Double
    public var highest: Double

    init(_ values: [Double]) {
        mean = average(values)
        lowest = values.min() ?? .nan
        highest = values.max() ?? .nan
    }
}

/// pass@k at one k.
public struct PassPoint: Codable, Sendable, Equatable {
    public var k: Int
    /// Over seeds and problems.
    public var pass: IntervalValue
    /// Means over problems of each seed.
    public var seeds: [Double]
    /// Minus the start's, problem by problem.
    public var gain: IntervalValue
    /// Minus the baseline's at the seeds that both have, problem by problem; nil for the baseline itself.
    public var againstBaseline: IntervalValue?
}

/// One arm over its finished seeds.
public struct ArmSummary: Codable, Sendable, Equatable {
    public var name: String
    public var algorithm: String
    public var seeds: [Int]
    public var passAtK: [PassPoint]
    /// Held-out mean H, nats per sampled token.
    public var entropy: SeedRange
    public var meanLength: SeedRange
    /// pass@1 gained since the start per nat of held-out entropy lost, of the means over seeds; nil where entropy did
    /// not fall.
    public var passPerNat: Double?
    public var steps: SeedRange
    public var updates: SeedRange
    public var sampledTokens: SeedRange
    public var sampledCompletions: SeedRange
    public var testTokens: SeedRange?
    public var seconds: SeedRange
    public var droppedShare: SeedRange?
    public var correctionShare: SeedRange?

    /// - Parameters:
    ///   - runs: of this arm, one per seed, at least one.
    ///   - baseline: the runs of the arm it is compared with; nil for that arm itself.
    /// - Throws: `AnalysisError` if the evaluations cannot be averaged.
    init(_ runs: [RunResult], start: EvaluationRecord, baseline: [RunResult]?) throws {
        guard let first = runs.first else {
            throw AnalysisError(.tooFew, "an arm needs at least one finished run", place: "arm")
        }
        name = first.arm
        algorithm = first.algorithm
        seeds = runs.map(\.seed)
        passAtK = try first.evaluation.settings.ks.map { k in
            try PassPoint(runs, k: k, start: start, baseline: baseline)
        }
        entropy = SeedRange(runs.map(\.evaluation.entropy))
        meanLength = SeedRange(runs.map(\.evaluation.meanLength))
        let lost = start.entropy - entropy.mean
        passPerNat = lost > 0 ? (passAtK.first?.gain.value).map { $0 / lost } : nil
        steps = SeedRange(runs.map { Double($0.steps) })
        updates = SeedRange(runs.map { Double($0.updates) })
        sampledTokens = SeedRange(runs.map { Double($0.sampledTokens) })
        sampledCompletions = SeedRange(runs.map { Double($0.sampledCompletions) })
        let tests = runs.compactMap(\.testTokens)
        testTokens = tests.isEmpty ? nil : SeedRange(tests.map(Double.init))
        seconds = SeedRange(runs.map(\.seconds))
        let dropped = runs.compactMap(\.droppedShare)
        droppedShare = dropped.isEmpty ? nil : SeedRange(dropped)
        let corrections = runs.compactMap(\.correctionShare)
        correctionShare = corrections.isEmpty ? nil : SeedRange(corrections)
    }

    public func pass(_ k: Int) -> PassPoint? { passAtK.first { $0.k == k } }
}

extension PassPoint {
    init(_ runs: [RunResult], k: Int, start: EvaluationRecord, baseline: [RunResult]?) throws {
        let seed = UInt64(max(0, start.settings.seed))
        let name = "pass@\(k)"
        let rows = try runs.map { try $0.evaluation.passAtK(k) }
        let before = try start.passAtK(k)
        self.k = k
        pass = IntervalValue(try CrossedBootstrap.mean(of: rows, name: name, seed: seed))
        seeds = rows.map(average)
        gain = IntervalValue(
            try CrossedBootstrap.mean(of: rows.map { differences($0, before) }, name: name, seed: seed))
        let pairs = try zip(runs, rows).compactMap { run, row in
            try baseline?.first { $0.seed == run.seed }.map { differences(row, try $0.evaluation.passAtK(k)) }
        }
        againstBaseline =
            pairs.isEmpty ? nil : IntervalValue(try CrossedBootstrap.mean(of: pairs, name: name, seed: seed))
    }
}

private func differences(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
