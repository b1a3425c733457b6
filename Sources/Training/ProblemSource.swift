// Where the prompts of a run come from: the environment's train split, or a file in an order.

import Environments
import Trajectories

/// The sequence of problems of a run, addressed by position, so that resuming at a position is exact.
struct ProblemSource: Sendable {
    private enum Kind: Sendable {
        case environment(any Environment)
        case file([Problem], any ProblemSequence)
    }
    private let kind: Kind
    /// Problems of the file that are never trained on; nil for an environment, and where none are held out.
    let heldout: [Problem]?
    /// What became of prompts that are too long; nil before `fitted`, and for an environment.
    private(set) var fit: PromptFit?

    /// - Throws: `EnvironmentError` for an unreadable file, naming the line, or a problem the environment cannot judge or the
    ///   order cannot place.
    init(_ config: TrainConfig) throws {
        guard let path = config.prompts else {
            kind = .environment(config.environment)
            heldout = nil
            return
        }
        let data = config.data
        let problems = try ProblemFile.load(path, mapping: data.mapping, split: data.split)
        for problem in problems.train + problems.heldout { try config.environment.check(problem) }
        kind = .file(problems.train, try Self.sequence(of: problems.train, config))
        heldout = problems.heldout.isEmpty ? nil : problems.heldout
    }

    private init(_ kind: Kind, heldout: [Problem]?, fit: PromptFit) {
        self.kind = kind
        self.heldout = heldout
        self.fit = fit
    }

    /// The order over the run's expected positions; steps that take more prompts come to its end sooner.
    private static func sequence(of problems: [Problem], _ config: TrainConfig) throws -> any ProblemSequence {
        let (positions, isHuge) = config.training.steps.multipliedReportingOverflow(by: config.rollout.promptsPerStep)
        return try config.data.order.sequence(of: problems, seed: config.seed, positions: isHuge ? .max : positions)
    }

    /// The source without the problems that the limit drops.
    /// - Throws: what `PromptFit` throws.
    func fitted(_ config: TrainConfig, _ vocabulary: Vocabulary, contextLength: Int) throws -> ProblemSource {
        guard case .file(let problems, _) = kind, let path = config.prompts else { return self }
        func fit(_ problems: [Problem]) throws -> PromptFit {
            try PromptFit(
                problems, vocabulary, contextLength: contextLength, limit: config.data.promptLimit, place: path)
        }
        let train = try fit(problems)
        let heldout = try heldout.map(fit)
        return ProblemSource(
            .file(train.kept, try Self.sequence(of: train.kept, config)), heldout: heldout?.kept, fit: train)
    }

    /// The problem at a position.
    func problem(at position: Int) throws -> Problem {
        switch kind {
        case .environment(let environment): return try environment.problem(position, split: .train)
        case .file(let problems, let sequence): return problems[sequence.index(at: position)]
        }
    }
}
