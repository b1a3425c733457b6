// From easy to hard over a share of the run, then shuffled epochs.

public import ConfigCoding
public import Trajectories

/// A ramp over the problems in the order of a numeric field, such as the level of a data set or the pass rate that
/// `maxwell filter --rate-field` writes.
public struct Curriculum: ProblemOrder, Equatable {
    /// The field of difficulty: a number, or a text whose last word is one ("Level 5").
    public var field: String
    /// Which end of the field is hard.
    public var hard: End
    /// The ramp's share of the run's positions.
    public var share: Double
    /// Neighbours in difficulty that are shuffled among each other.
    public var window: Int

    public enum End: String, Sendable, CaseIterable { case high, low }

    public init(field: String, hard: End = .high, share: Double = 0.5, window: Int = 256) {
        self.field = field
        self.hard = hard
        self.share = share
        self.window = window
    }

    /// Reads `field`, `hard` (high; low), `share` (0.5) in 0...1 and `window` (256).
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection) throws {
        self.init(
            field: try section.required("field", as: String.self), hard: try section.choice("hard", default: .high),
            share: try section.value("share", default: 0.5, in: 0...1),
            window: try section.value("window", default: 256, in: 1...1_000_000_000))
    }

    public func sequence(of problems: [Problem], seed: UInt64, positions: Int) throws -> any ProblemSequence {
        let keys = try problems.map { try difficulty(of: $0) }
        // equally hard problems stay in the order of the file
        let sorted = problems.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
        let ramp = min(Double(positions) * share, 1e15)
        return CurriculumSequence(easyToHard: sorted, ramp: Int(ramp.rounded()), window: window, seed: seed)
    }

    private func difficulty(of problem: Problem) throws -> Double {
        let value: Double?
        switch problem.fields[field] {
        case .number(let number): value = number
        case .string(let text): value = text.split(whereSeparator: \.isWhitespace).last.flatMap { Double($0) }
        default: value = nil
        }
        guard let value, value.isFinite else {
            throw EnvironmentError(
                .badProblem,
                "the curriculum needs the field \"\(field)\" as a number, or as a text whose last word is one; filter the "
                    + "file or name another field", place: problem.id)
        }
        return hard == .high ? value : -value
    }
}

/// A ramp of L positions over N problems from easy to hard, then shuffled epochs.
///
/// Let R be the positions that the ramp may take. If R < N it takes every N/R-th problem of the easy-to-hard list once;
/// otherwise it goes R/N times (whole passes) over it. The list is cut into windows; a window's problems come in a seeded
/// order, in another one for each pass, and all passes over a window come before the next window. So L = R or a multiple of N, a
/// problem comes at most once in each pass, and no problem of a window comes before a problem of an easier one. Behind the ramp
/// every problem comes once in each epoch of N positions.
public struct CurriculumSequence: ProblemSequence, Equatable {
    /// Indices of problems.
    public let easyToHard: [Int]
    /// Problems of the ramp, evenly out of `easyToHard`.
    public let rampProblems: Int
    /// How often the ramp shows each of them.
    public let passes: Int
    public let window: Int
    public let seed: UInt64

    /// - Parameters:
    ///   - easyToHard: at least one index.
    ///   - ramp: the positions that the ramp may take, R.
    ///   - window: problems of a window, at least 1.
    public init(easyToHard: [Int], ramp: Int, window: Int, seed: UInt64) {
        self.easyToHard = easyToHard
        rampProblems = min(max(0, ramp), easyToHard.count)
        passes = max(1, ramp / easyToHard.count)
        self.window = min(window, easyToHard.count)
        self.seed = seed
    }

    /// The positions of the ramp, L.
    public var rampLength: Int { rampProblems * passes }

    public func index(at position: Int) -> Int {
        guard position < rampLength else {
            return ShuffledSequence(count: easyToHard.count, seed: seed).index(at: position - rampLength)
        }
        let (number, rest) = position.quotientAndRemainder(dividingBy: window * passes)
        let size = min(window, rampProblems - number * window)
        let (pass, offset) = rest.quotientAndRemainder(dividingBy: size)
        var random = RandomSource(seed: seed, purpose: .shuffling, step: pass, prompt: number, sample: 1)
        var order = Array(0..<size)
        order.shuffle(using: &random)
        let rank = number * window + order[offset]
        // rank · N / rampProblems, whose product may be large
        let (high, low) = rank.multipliedFullWidth(by: easyToHard.count)
        return easyToHard[rampProblems.dividingFullWidth((high, low)).quotient]
    }
}
