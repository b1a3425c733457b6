// The sampled batch: prompts as the algorithm's rollout plan asks for them, completions, rewards, advantages.

import Algorithms
import EntropyDynamics
import Trajectories

/// The completions of one prompt, drawn.
private struct TableGroup {
    var prompt: Int
    /// Row, token and its log p under the sampler of every position, [completions · length].
    var path: [(row: Int, token: Int, sampled: Double)] = []
    var outcomes: [Outcome] = []
}

extension Simulator {
    /// Completions drawn from the sampler, with rewards and advantages.
    func sampled() throws -> TableBatch {
        let sampler = try settings.samplerTemperature.map { temperature in
            try TablePolicy(
                prompts: task.prompts, tree: task.tree, temperature: temperature, logits: policy.logits)
        }
        let order = promptsOfStep()
        var selection = algorithm.rolloutPlan.step(prompts: settings.promptsPerStep ?? task.prompts)
        var groups: [TableGroup] = []
        while selection.request > 0, groups.count < order.count {
            for prompt in order[groups.count...].prefix(selection.request) {
                let group = sample(prompt, from: sampler ?? policy)
                selection.append(rewards: group.outcomes.map(\.reward))
                groups.append(group)
            }
        }
        let chosen = selection.chosen.map { groups[$0] }
        return batch(chosen, try algorithm.advantages(of: chosen.map(\.outcomes)))
    }

    private func batch(_ groups: [TableGroup], _ advantages: [[Double]]) -> TableBatch {
        let (size, length) = (settings.completionsPerPrompt, task.tree.length)
        var batch = TableBatch()
        batch.reserve(groups.count * size * length)
        let readsReference = algorithm.reads.contains(.reference)
        for (group, credits) in zip(groups, advantages) {
            for (place, (row, token, sampled)) in group.path.enumerated() {
                let sample = place / length
                batch.append(
                    row: row, token: token, sequence: group.prompt * size + sample, group: group.prompt,
                    sampled: sampled,
                    proximal: policy.rows[row].logProbabilities[token],
                    reference: readsReference ? initial.rows[row].logProbabilities[token] : nil,
                    advantage: credits[sample])
            }
        }
        return batch
    }

    private func sample(_ prompt: Int, from sampler: TablePolicy) -> TableGroup {
        let (size, length) = (settings.completionsPerPrompt, task.tree.length)
        let readsReference = algorithm.reads.contains(.reference)
        var group = TableGroup(prompt: prompt)
        group.path.reserveCapacity(size * length)
        var leaves = [Int](repeating: 0, count: size)
        for sample in 0..<size {
            var random = RandomSource(
                seed: settings.seed, purpose: .sampling, step: steps, prompt: prompt, sample: sample)
            var state = 0
            for position in 0..<length {
                let row = policy.row(prompt, state)
                let token = draw(&random, sampler.rows[row].probabilities)
                group.path.append((row, token, sampler.rows[row].logProbabilities[token]))
                state = task.tree.child(of: state, at: position, token: token)
            }
            leaves[sample] = state
        }
        var random = RandomSource(seed: settings.seed, purpose: .sampling, step: steps, prompt: prompt, sample: size)
        let rewards = task.rewards(prompt, leaves[...], &random)
        guard !(algorithm.credit is any GroupCredit) else {
            group.outcomes = rewards.map { Outcome(reward: $0) }
            return group
        }
        group.outcomes = rewards.enumerated().map { sample, reward in
            let own = group.path[sample * length..<(sample + 1) * length]
            return Outcome(
                reward: reward, sampledLogprob: own.map { Float($0.sampled) },
                referenceLogprob: readsReference
                    ? own.map { Float(initial.rows[$0.row].logProbabilities[$0.token]) } : nil)
        }
        return group
    }

    /// The prompts of this step, ascending, and after them those that replace groups without contrast; the choice
    /// depends on seed and step alone.
    private func promptsOfStep() -> [Int] {
        guard let wanted = settings.promptsPerStep, wanted < task.prompts else { return Array(0..<task.prompts) }
        var random = RandomSource(seed: settings.seed, purpose: .shuffling, step: steps)
        let order = Array(0..<task.prompts).shuffled(using: &random)
        return order.prefix(wanted).sorted() + order.dropFirst(wanted)
    }

    private func draw(_ random: inout RandomSource, _ probabilities: [Double]) -> Int {
        var left = random.uniform()
        var last = 0
        for (token, p) in probabilities.enumerated() where p > 0 {
            left -= p
            last = token
            if left < 0 { break }
        }
        return last
    }
}
