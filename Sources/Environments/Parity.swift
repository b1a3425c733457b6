// Parity: write characters with an even, or an odd, code point. A synthetic task for benchmarks and tests, not for results.

public import ConfigCoding
public import Trajectories
import Verifiers

/// A task with a dense reward of known difficulty, so that a random model has groups with an advantage at every step and
/// completions of any length can be judged.
///
/// The prompt is a line of `promptLength` decimal digits; the first one's parity is the parity that is asked for. With a
/// byte-level tokenizer whose ids up to 127 are ASCII, a character's parity is its token's.
public struct Parity: Environment {
    public let promptLength: Int
    public let seed: UInt64
    public var name: String { "parity" }

    /// - Throws: `EnvironmentError` `.badOptions`.
    public init(promptLength: Int = 32, seed: UInt64) throws {
        guard Self.lengths ~= promptLength else {
            throw EnvironmentError(.badOptions, "parity needs prompts of 1...65536 digits", place: "parity")
        }
        self.promptLength = promptLength
        self.seed = seed
    }

    /// Reads `prompt_length` (32) in 1...65536.
    /// - Throws: `ConfigError`.
    public init(from section: ConfigSection, seed: UInt64) throws {
        try self.init(
            promptLength: try section.value("prompt_length", default: 32, in: Self.lengths), seed: seed)
    }

    private static let lengths = 1...65_536

    public func count(of split: Split) -> Int? { nil }

    public func problem(_ index: Int, split: Split) throws -> Problem {
        let digits = try digits(promptLength, index: index, split: split, part: 0)
        return Problem(
            id: "\(name)/\(split.rawValue)/\(index)", prompt: Self.text(digits),
            fields: ["parity": .number(Double(digits[0] % 2))])
    }

    /// Eight digits of the wanted parity.
    public func demonstration(_ index: Int, split: Split) throws -> (problem: Problem, completion: String)? {
        let problem = try problem(index, split: split)
        let parity = try Self.parity(of: problem)
        let digits = try digits(8, index: index, split: split, part: 1)
        return (problem, Self.text(digits.map { $0 / 2 * 2 + parity }))
    }

    public func check(_ problem: Problem) throws {
        _ = try Self.parity(of: problem)
    }

    /// The reward is the share of Unicode scalars with the wanted parity, 0 of an empty completion; only a share of 1 is
    /// correct. Bytes that are no text count as U+FFFD, which is odd.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let parity = try? Self.parity(of: problem) else {
            return Verdict(reward: 0, isCorrect: false, reason: "malformed_problem")
        }
        var (right, count) = (0, 0)
        for scalar in completion.unicodeScalars {
            count += 1
            if Int(scalar.value % 2) == parity { right += 1 }
        }
        guard count > 0 else { return Verdict(reward: 0, isCorrect: false, reason: "empty") }
        return Verdict(
            reward: Double(right) / Double(count), isCorrect: right == count,
            reason: right == count ? "correct" : "mixed")
    }

    private static func parity(of problem: Problem) throws -> Int {
        guard let parity = problem.fields["parity"]?.integer, 0...1 ~= parity else {
            throw EnvironmentError(
                .badProblem, "a parity problem needs \"parity\", 0 for even or 1 for odd", place: problem.id)
        }
        return parity
    }

    private static func text(_ digits: [Int]) -> String { digits.map(String.init).joined() }

    /// Digits of one index: part 0 draws the problem, part 1 its demonstration.
    private func digits(_ count: Int, index: Int, split: Split, part: Int) throws -> [Int] {
        guard index >= 0 else {
            throw EnvironmentError(
                .badIndex, "problems are numbered from 0, there is none with the number \(index)",
                place: "\(name)/\(split.rawValue)")
        }
        var random = RandomSource(
            seed: seed, purpose: .problems, step: index >> 32, prompt: index,
            sample: part * 2 + (split == .heldout ? 1 : 0))
        return (0..<count).map { _ in random.integer(below: 10) }
    }
}
