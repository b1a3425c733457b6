// What is measured: cases that run in turn, and the groups in which they are compared.

import Torch

/// One thing to time.
struct BenchCase {
    var name: String
    /// Floating-point operations of one run, where they are the point.
    var operations: Double?
    /// Tokens that one run samples or trains.
    var tokens: Double?
    /// The size that a series varies.
    var size: Double?
    /// Bytes that one run reads, where they are the point.
    var bytes: Double?
    /// What one run cannot do without.
    var limit: BenchLimit?
    /// Does the work once; returns seconds by part where it knows them. A part `total` replaces the time measured outside.
    var run: () throws -> [String: Double]

    init(
        _ name: String, operations: Double? = nil, tokens: Double? = nil, size: Double? = nil,
        bytes: Double? = nil, limit: BenchLimit? = nil, run: @escaping () throws -> [String: Double]
    ) {
        self.name = name
        self.operations = operations
        self.tokens = tokens
        self.size = size
        self.bytes = bytes
        self.limit = limit
        self.run = run
    }
}

/// The bytes a run must read, and the operations it must do at the rate of a product of this dtype: the longer of both is its limit.
struct BenchLimit {
    var bytes, operations: Double
    var dtype: DType
}

/// Cases timed in alternation, so that a disturbance of the machine meets them all.
struct BenchGroup {
    /// What `--only` names.
    var name: String
    /// How many cases `make` makes, for the progress bar.
    var count: Int
    /// Timed rounds.
    var rounds: Int
    /// Whether one untimed round comes first.
    var warmsUp = true
    /// The varied size, of a group that is a series.
    var variable: String?
    /// The parts of a series to which an exponent is fitted.
    var parts: [String] = []
    /// Makes the cases with all they need, which lives until the group is done.
    var make: () throws -> [BenchCase]

    /// Runs in all, for the progress bar.
    var runs: Int { count * (rounds + (warmsUp ? 1 : 0)) }
}

/// How long the measurement may take.
struct BenchPlan {
    var isQuick: Bool
    /// Token counts, hidden size and vocabulary of the head's cases.
    var heads: [HeadShape]
    /// The model that decodes.
    var decoder = BenchModel.small
    /// Whether its steps run as graphs of the device's work.
    var usesGraphs = false

    var rounds: Int { isQuick ? 3 : 5 }

    /// The smaller half of a series when quick.
    func sizes(_ all: [Int]) -> [Int] { isQuick ? Array(all.prefix((all.count + 2) / 2 + 1)) : all }

    /// All groups in the order in which they are run.
    func groups() -> [BenchGroup] {
        [StepBench.group(self), HeadBench.group(self), LinearBench.group(self), DecodeBench.group(self)]
            + HeadBench.series(self) + StepSeries.all(self)
    }
}

/// [N, D] hidden states before a head [V, D].
struct HeadShape: Equatable {
    var tokens, hidden, vocabulary: Int

    var text: String { "\(tokens)x\(hidden)x\(vocabulary)" }
    var operations: Double { 2 * Double(tokens) * Double(hidden) * Double(vocabulary) }

    /// Reads `4096x512x8192`; nil if it is not three positive sizes.
    init?(_ text: String) {
        let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard sizes.count == 3, sizes.allSatisfy({ 1...(1 << 24) ~= $0 }) else { return nil }
        self.init(tokens: sizes[0], hidden: sizes[1], vocabulary: sizes[2])
    }

    init(tokens: Int, hidden: Int, vocabulary: Int) {
        self.tokens = tokens
        self.hidden = hidden
        self.vocabulary = vocabulary
    }
}
