// The rollouts of a step: sampled and judged in as many rounds as the algorithm's plan asks for.

import Algorithms
import Models
import Rollouts
import Trajectories

/// What a step sampled, and which of it is trained on.
struct StepRollouts {
    var sampled: [RolloutGroup] = []
    var chosen: [RolloutGroup] = []
    var secondsJudging = 0.0
}

extension TrainingRun {
    /// Samples and judges groups until the plan has what it wants.
    ///
    /// Prompts come from where the last step stopped; a prompt's draws depend on its place among the step's prompts, so
    /// that rounds change nothing.
    func sampleGroups(step: Int) throws -> StepRollouts {
        var result = StepRollouts()
        kept?.clear()
        var selection = config.algorithm.rolloutPlan.step(
            prompts: config.rollout.promptsPerStep, completions: config.rollout.completionsPerPrompt)
        while selection.request > 0 {
            let places = selection.sampled..<(selection.sampled + selection.request)
            let groups = try sample(
                Array(places), places.map { _ in 0..<selection.first }, step: step, &result.secondsJudging)
            for group in groups { selection.append(rewards: group.rewards) }
            result.sampled += groups
        }
        let sizes = selection.sizes
        let wanting = sizes.indices.filter { sizes[$0] > selection.first }
        let further = try sample(
            wanting, wanting.map { selection.first..<sizes[$0] }, step: step, &result.secondsJudging)
        for (place, group) in zip(wanting, further) { result.sampled[place].append(contentsOf: group) }
        result.chosen = selection.chosen.map { result.sampled[$0] }
        return result
    }

    /// The given samples of the prompts at some places of the step.
    private func sample(
        _ places: [Int], _ samples: [Range<Int>], step: Int, _ secondsJudging: inout Double
    ) throws -> [RolloutGroup] {
        guard !places.isEmpty else { return [] }
        watchdog?.enter("sampling completions", step: step)
        let prepared = try places.map {
            try session.vocabulary.prompt(of: try source.problem(at: session.state.prompts + $0))
        }
        let prompts = zip(places, prepared).map { place, prompt in
            RolloutEngine.Prompt(tokens: prompt.tokens, index: place)
        }
        let options = SamplingOptions(
            temperature: config.rollout.temperature, maxNewTokens: config.rollout.maxNewTokens,
            stopTokens: session.vocabulary.stopTokens)
        let completions = try engine.complete(
            prompts, samples: samples, options: options, step: step,
            keeping: ResolvedRun.makesPassesAgain(step: step) ? nil : kept
        ) { [watchdog] _ in watchdog?.enter("sampling completions", step: step) }
        if config.rollout.graphs, let reason = engine.graphRefusal, !hasToldRefusal {
            hasToldRefusal = true
            warn("rollout.graphs: decoding steps run operator by operator: \(reason)")
        }
        watchdog?.enter("judging completions", step: step)
        let clock = ContinuousClock()
        let start = clock.now
        let groups = prepared.indices.map { index in
            judged(
                prepared[index].problem, prompts[index].tokens, completions[index], session.vocabulary,
                config.environment)
        }
        secondsJudging += (clock.now - start).seconds
        return groups
    }
}
