// The expected batch: every action of every state, weighted by its probability.

import Algorithms
import EntropyDynamics

extension Simulator {
    /// - Throws: `SimulationError` where an expectation over single actions is not what the algorithm would do.
    func checkExpected() throws {
        guard algorithm.rules.isEmpty else {
            throw SimulationError(
                .needsSamples,
                "\(algorithm.name) has token rules, whose thresholds come from drawn tokens; sample instead",
                place: "actions")
        }
        guard algorithm.shapings.isEmpty, algorithm.surrogate is any TokenSurrogate,
            algorithm.regularisers.allSatisfy({ $0 is any TokenRegulariser }),
            !algorithm.rolloutPlan.replacesGroupsWithoutContrast
        else {
            throw SimulationError(
                .needsSamples,
                "\(algorithm.name) looks at whole completions, batches or groups, which are drawn; sample instead",
                place: "actions")
        }
        guard algorithm.controllers.isEmpty else {
            throw SimulationError(
                .needsSamples,
                "\(algorithm.name) has controllers, which see drawn tokens; sample instead", place: "actions")
        }
        guard algorithm.credit is GroupNormalisedCredit else {
            throw SimulationError(
                .needsSamples,
                "the expected update knows the advantages of group normalisation only; sample for \(algorithm.name)",
                place: "actions")
        }
        guard task.reward != .plurality else {
            throw SimulationError(
                .needsSamples, "a majority reward depends on the completions drawn; sample instead", place: "actions")
        }
    }

    /// A = (Q(s, a) − V) / std, the limit of group-normalised advantages for infinitely many completions.
    func expected() -> TableBatch {
        var batch = TableBatch()
        let tree = task.tree
        let readsReference = algorithm.reads.contains(.reference)
        let normalises = (algorithm.credit as? GroupNormalisedCredit)?.normaliseStd ?? true
        for prompt in 0..<task.prompts {
            let values =
                task.reward == .values
                ? Array(task.values[prompt * tree.leaves..<(prompt + 1) * tree.leaves])
                : [Double](repeating: 0, count: tree.leaves)
            let (states, leaves) = policy.visits(prompt)
            let mean = zip(leaves, values).reduce(0) { $0 + $1.0 * $1.1 }
            let variance = zip(leaves, values).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
            let scale = normalises ? variance.squareRoot() + GroupNormalisedCredit.epsilon : 1
            let worth = stateValues(prompt, values)
            for position in 0..<tree.length {
                for state in tree.states(at: position) {
                    let row = policy.row(prompt, state)
                    let p = policy.rows[row]
                    for token in 0..<tree.vocabulary where p.probabilities[token] > 0 {
                        let next = tree.child(of: state, at: position, token: token)
                        let value = position + 1 == tree.length ? values[next] : worth[next]
                        batch.append(
                            row: row, token: token, sequence: batch.count, group: prompt,
                            sampled: p.logProbabilities[token], proximal: p.logProbabilities[token],
                            reference: readsReference ? initial.rows[row].logProbabilities[token] : nil,
                            advantage: (value - mean) / scale, weight: states[state] * p.probabilities[token])
                    }
                }
            }
        }
        return batch
    }

    /// V(s) = E[value | s], [states].
    private func stateValues(_ prompt: Int, _ values: [Double]) -> [Double] {
        let tree = task.tree
        var worth = [Double](repeating: 0, count: tree.states)
        for position in stride(from: tree.length - 1, through: 0, by: -1) {
            for state in tree.states(at: position) {
                let p = policy.rows[policy.row(prompt, state)].probabilities
                worth[state] = p.indices.reduce(0) { sum, token in
                    let next = tree.child(of: state, at: position, token: token)
                    return sum + p[token] * (position + 1 == tree.length ? values[next] : worth[next])
                }
            }
        }
        return worth
    }
}
