// Countdown: make the target from the given numbers with +, - and *, using each number exactly once.

public import ConfigCoding
public import Trajectories
import Verifiers

/// The arithmetic game. The prompt is `3 4 5 6=21` and a newline, a correct completion `3*(4+5)-6`.
///
/// A problem draws how many numbers, then the numbers (in 1...`maxNumber`, repeats allowed), then uniformly one of the
/// distinct expressions over them whose value lies in 1...`maxTarget`; that value is the target. So every problem is
/// solvable, and a target is as likely as it has solutions (two in the median under the defaults). A hash of the sorted
/// numbers and the target, the same for every seed, puts about one problem in ten into the held-out split; drawing
/// repeats until the split matches, so no held-out problem is ever trained on, in any order of its numbers, and both
/// splits follow one distribution. A problem may have several indices. Drawing costs some 40 microseconds with four
/// numbers and some milliseconds with six, ten times that when held out.
///
/// Completions are judged in ASCII only: the typographic minus and multiplication signs are not accepted.
public struct Countdown: Environment {
    /// How problems are drawn.
    public struct Options: Sendable, Equatable {
        public var minNumbers = 3
        public var maxNumbers = 4
        public var maxNumber = 10
        public var maxTarget = 50

        public init(minNumbers: Int = 3, maxNumbers: Int = 4, maxNumber: Int = 10, maxTarget: Int = 50) {
            self.minNumbers = minNumbers
            self.maxNumbers = maxNumbers
            self.maxNumber = maxNumber
            self.maxTarget = maxTarget
        }
    }

    /// Every character of prompts and completions, for tokenizers made for this environment.
    public static let alphabet = "0123456789+-*()= \n"

    public let options: Options
    public let seed: UInt64
    public var name: String { "countdown" }

    /// - Throws: `EnvironmentError` `.badOptions`, or `.exhausted` if a split has no problem under these options.
    public init(options: Options, seed: UInt64) throws {
        guard 2 <= options.minNumbers, options.minNumbers <= options.maxNumbers,
            options.maxNumbers <= CountdownForms.maximumNumbers, 1...1000 ~= options.maxNumber,
            1...1_000_000 ~= options.maxTarget
        else {
            throw EnvironmentError(
                .badOptions,
                "countdown needs 2...6 numbers of 1...1000 and targets of 1...1000000, at least one of each",
                place: "countdown")
        }
        self.options = options
        self.seed = seed
        for split in Split.allCases { _ = try problem(0, split: split) }
    }

    /// Reads `min_numbers` (3) and `max_numbers` (4), both in 2...6, `max_number` (10) in 1...1000, `max_target` (50)
    /// in 1...1000000.
    /// - Throws: `ConfigError`; `EnvironmentError` `.exhausted` if a split has no problem under these options.
    public init(from section: ConfigSection, seed: UInt64) throws {
        let defaults = Options()
        let options = Options(
            minNumbers: try section.value("min_numbers", default: defaults.minNumbers, in: 2...6),
            maxNumbers: try section.value("max_numbers", default: defaults.maxNumbers, in: 2...6),
            maxNumber: try section.value("max_number", default: defaults.maxNumber, in: 1...1000),
            maxTarget: try section.value("max_target", default: defaults.maxTarget, in: 1...1_000_000))
        guard options.minNumbers <= options.maxNumbers else {
            let key = section.has("min_numbers") ? "min_numbers" : "max_numbers"
            throw section.fault(
                .outOfRange, key,
                "leaves no problems: min_numbers is \(options.minNumbers), max_numbers is \(options.maxNumbers)")
        }
        try self.init(options: options, seed: seed)
    }

    public func count(of split: Split) -> Int? { nil }

    public func check(_ problem: Problem) throws {
        _ = try CountdownFields(problem)
    }

    /// Reward 1 for a correct expression, else 0. Reasons: `format` (no expression, or anything besides it),
    /// `wrong_numbers`, `wrong_value`, `correct`; `malformed_problem` if `check` would refuse the problem.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let fields = try? CountdownFields(problem) else { return Self.refusal("malformed_problem") }
        guard let expression = ArithmeticExpression(completion) else { return Self.refusal("format") }
        guard expression.uses(exactly: fields.numbers) else { return Self.refusal("wrong_numbers") }
        guard expression.value == fields.target else { return Self.refusal("wrong_value") }
        return Verdict(reward: 1, isCorrect: true, reason: "correct")
    }

    private static func refusal(_ reason: String) -> Verdict {
        Verdict(reward: 0, isCorrect: false, reason: reason)
    }
}

/// What the verifier reads of a problem.
struct CountdownFields {
    static let maximumNumbers = 16

    var numbers: [Int]
    var target: Int

    init(numbers: [Int], target: Int) {
        self.numbers = numbers
        self.target = target
    }

    /// - Throws: `EnvironmentError` `.badProblem`.
    init(_ problem: Problem) throws {
        guard let items = problem.fields["numbers"]?.array, 1...Self.maximumNumbers ~= items.count,
            case let numbers = items.compactMap(\.integer), numbers.count == items.count,
            numbers.allSatisfy({ $0 > 0 })
        else {
            throw EnvironmentError(
                .badProblem,
                "a countdown problem needs \"numbers\", an array of 1 to \(Self.maximumNumbers) positive whole numbers",
                place: problem.id)
        }
        guard let target = problem.fields["target"]?.integer else {
            throw EnvironmentError(
                .badProblem, "a countdown problem needs \"target\", a whole number", place: problem.id)
        }
        self.numbers = numbers
        self.target = target
    }
}
