// Early stopping in a run: tests of the weights, the peak that is kept, and the way back to it.

import Algorithms
import Analysis
import Environments
import Runs
import Trajectories

extension TrainingRun {
    /// Tests the weights after the last step where that is due, keeps them or goes back to the peak's.
    ///
    /// - Parameter isLast: whether the run ends here for another reason.
    func guardPeak(isLast: Bool) throws {
        guard let stopping = config.earlyStopping else { return }
        var state = session.state.earlyStopping ?? EarlyStopping.State()
        let step = session.state.step
        guard !stopping.isOver(state), isLast || stopping.tests(step, state) else { return }
        let clock = ContinuousClock()
        let start = clock.now
        let result = try Evaluation.run(
            session.model, session.vocabulary, config.environment, problems: try testProblems(stopping),
            options: EvaluationOptions(
                samples: stopping.samples, temperature: config.rollout.temperature,
                maxNewTokens: config.rollout.maxNewTokens, seed: config.seed, slots: config.rollout.slots))
        let right = result.outcomes.reduce(0) { $0 + $1.correct }
        let value = Double(right) / Double(max(1, stopping.problems * stopping.samples))
        state.tokens += result.groups.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.tokens.count } }
        let decision = stopping.take(value, at: step, isLast: isLast, &state)
        if decision == .rollBack, let peak = state.snapshot { try session.goBack(toPeak: peak) }
        state.seconds += (clock.now - start).seconds
        session.state.earlyStopping = state
        if decision == .keep { try session.keepPeak() }
    }

    /// What the tests before this step found and cost, once.
    func reportTests(in line: inout MetricsLine) {
        guard let stopping = config.earlyStopping, var state = session.state.earlyStopping else { return }
        for metric in stopping.metrics(state) { line.add("early_stopping/\(metric.name)", metric.value) }
        line.add("tokens/test", state.tokens)
        line.add("seconds/test", state.seconds)
        (state.tokens, state.seconds) = (0, 0)
        session.state.earlyStopping = state
    }

    /// Held-out problems that evaluations do not meet: far along where they are made on demand, else the last ones; of a file
    /// that holds some out, those.
    private func testProblems(_ stopping: EarlyStopping) throws -> [Problem] {
        if let heldout = source.heldout {
            guard heldout.count >= stopping.problems else {
                throw TrainingError(
                    .emptyData,
                    "early_stopping.problems (\(stopping.problems)) exceeds the \(heldout.count) held-out problems of "
                        + "\(config.prompts ?? "the file"); lower it or raise data.held_out", place: "early_stopping")
            }
            return Array(heldout.suffix(stopping.problems))
        }
        let all = config.environment.count(of: .heldout)
        let first = all.map { max(0, $0 - stopping.problems) } ?? 1_000_000
        return try (0..<stopping.problems).map { try config.environment.problem(first + $0, split: .heldout) }
    }
}
