// What tasks that are made on demand share: indices, splits, one answer.

public import Trajectories
import Verifiers

/// A problem as its task drew it.
public struct TaskDraw: Sendable, Equatable {
    /// Ends with `=` and a newline, as the alphabets of small tokenizers have it.
    public var prompt: String
    /// The one right answer, which is also the demonstration.
    public var answer: String
    /// What makes two problems the same for the split: equal for problems that one who knows one can solve by heart.
    public var identity: String

    public init(prompt: String, answer: String, identity: String? = nil) {
        self.prompt = prompt
        self.answer = answer
        self.identity = identity ?? prompt
    }
}

/// A task whose problems are drawn, each with one right answer.
///
/// A hash of the problem's identity, the same for every seed, puts about one problem in ten into the held-out split;
/// drawing repeats until the split matches, so no held-out problem is ever trained on and both splits follow one
/// distribution. A problem may have several indices.
public protocol ProceduralTask: Environment {
    var seed: UInt64 { get }

    /// Draws a problem.
    func draw(_ random: inout RandomSource) -> TaskDraw
}

extension ProceduralTask {
    public func count(of split: Split) -> Int? { nil }

    public func problem(_ index: Int, split: Split) throws -> Problem {
        let draw = try draw(index, split: split)
        return Problem(
            id: "\(name)/\(split.rawValue)/\(index)", prompt: draw.prompt, fields: ["answer": .string(draw.answer)])
    }

    public func demonstration(_ index: Int, split: Split) throws -> (problem: Problem, completion: String)? {
        let problem = try problem(index, split: split)
        return (problem, problem.fields["answer"]?.string ?? "")
    }

    public func check(_ problem: Problem) throws {
        guard problem.fields["answer"]?.string != nil else {
            throw EnvironmentError(
                .badProblem, "a problem of \(name) needs \"answer\", a text", place: problem.id)
        }
    }

    /// The answer alone, with white space around it allowed. Reasons: `correct`, `wrong_value`, `format` (other
    /// characters than an answer can have), `malformed_problem`.
    public func verdict(on completion: String, for problem: Problem) -> Verdict {
        guard let answer = problem.fields["answer"]?.string else {
            return Verdict(reward: 0, isCorrect: false, reason: "malformed_problem")
        }
        // Comparing as many characters as the answer may have keeps any text cheap.
        let words = completion.prefix(4_096).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let isCorrect = completion.utf8.count <= 4_096 && words == answer
        let kinds = Set(answer.map(Self.kind))
        let isShaped = !words.isEmpty && words.allSatisfy { kinds.contains(Self.kind($0)) || $0 == "-" }
        return Verdict(
            reward: isCorrect ? 1 : 0, isCorrect: isCorrect,
            reason: isCorrect ? "correct" : isShaped ? "wrong_value" : "format")
    }

    private static func kind(_ character: Character) -> Int {
        guard character.isASCII else { return 4 }
        return character.isNumber ? 0 : character.isLetter ? 1 : character == " " ? 2 : 3
    }

    /// The split of a problem.
    static func split(of identity: String) -> Split {
        var state: (UInt32, UInt32, UInt32, UInt32) = (0x7461_736B, 0, 0, 0)
        for byte in identity.utf8 { state = Philox.block(counter: state, key: (UInt32(byte), 0)) }
        return state.0 % 10 == 0 ? .heldout : .train
    }

    private func draw(_ index: Int, split: Split) throws -> TaskDraw {
        guard index >= 0 else {
            throw EnvironmentError(
                .badIndex, "problems are numbered from 0, there is none with the number \(index)",
                place: "\(name)/\(split.rawValue)")
        }
        var random = RandomSource(
            seed: seed, purpose: .problems, step: index >> 32, prompt: index, sample: split == .heldout ? 1 : 0)
        for _ in 0..<1_000 {
            let draw = draw(&random)
            if Self.split(of: draw.identity) == split { return draw }
        }
        throw EnvironmentError(
            .exhausted, "found no \(split.rawValue) problem in 1000 draws; raise the level", place: name)
    }
}
