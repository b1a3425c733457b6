// Where the prompts of a run come from: the environment's train split, or a file in a seeded order.

import Environments
import Trajectories

/// The sequence of problems of a run, addressed by position, so that resuming at a position is exact.
struct ProblemSource: Sendable {
    private enum Kind {
        case environment(any Environment)
        case file([Problem], seed: UInt64)
    }
    private let kind: Kind

    /// - Throws: `EnvironmentError` for an unreadable file, naming the line, or a problem the environment cannot judge.
    init(_ config: TrainConfig) throws {
        guard let path = config.prompts else {
            kind = .environment(config.environment)
            return
        }
        let problems = try ProblemFile.load(path)
        for problem in problems { try config.environment.check(problem) }
        kind = .file(problems, seed: config.seed)
    }

    /// Refuses a file with a prompt that leaves no room in the context, before anything is sampled.
    func check(_ vocabulary: Vocabulary, contextLength: Int) throws {
        guard case .file(let problems, _) = kind else { return }
        for problem in problems {
            let count = try vocabulary.prompt(of: problem).tokens.count
            guard count < contextLength else {
                throw TrainingError(
                    .mismatch,
                    "\(problem.id) has a prompt of \(count) tokens, the model's context holds \(contextLength); shorten it or drop it",
                    place: problem.id)
            }
        }
    }

    /// The problem at a position; a file is gone through once per epoch, each epoch in an order of its own.
    func problem(at position: Int) throws -> Problem {
        switch kind {
        case .environment(let environment): return try environment.problem(position, split: .train)
        case .file(let problems, let seed):
            let (epoch, offset) = position.quotientAndRemainder(dividingBy: problems.count)
            return problems[Self.permuted(offset, of: problems.count, seed: seed, epoch: epoch)]
        }
    }

    /// Entry `offset` of a Fisher-Yates permutation drawn from (seed, epoch).
    private static func permuted(_ offset: Int, of count: Int, seed: UInt64, epoch: Int) -> Int {
        var random = RandomSource(seed: seed, purpose: .shuffling, step: epoch)
        var order = Array(0..<count)
        order.shuffle(using: &random)
        return order[offset]
    }
}
