// What a table policy is in expectation, without sampling: entropy, pass rate, divergence from another table.

import EntropyDynamics

extension TablePolicy {
    /// Probability that a completion of a prompt passes through each state, [states], and ends in each leaf, [leaves].
    func visits(_ prompt: Int) -> (states: [Double], leaves: [Double]) {
        var states = [Double](repeating: 0, count: tree.states)
        var leaves = [Double](repeating: 0, count: tree.leaves)
        states[0] = 1
        for position in 0..<tree.length {
            for state in tree.states(at: position) where states[state] > 0 {
                let p = rows[row(prompt, state)].probabilities
                for token in 0..<tree.vocabulary {
                    let next = tree.child(of: state, at: position, token: token)
                    if position + 1 == tree.length {
                        leaves[next] = states[state] * p[token]
                    } else {
                        states[next] = states[state] * p[token]
                    }
                }
            }
        }
        return (states, leaves)
    }

    /// Mean of a number per row over the tokens the policy would generate, each prompt weighing the same.
    func meanPerToken(_ value: (Int) -> Double) -> Double {
        var total = 0.0
        for prompt in 0..<prompts {
            guard tree.length > 1 else {
                total += value(prompt)
                continue
            }
            let visited = visits(prompt).states
            for state in 0..<tree.states where visited[state] > 0 {
                total += visited[state] * value(row(prompt, state))
            }
        }
        return total / Double(prompts * tree.length)
    }

    /// Expected H per generated token, nats.
    public var entropy: Double { meanPerToken { rows[$0].entropy } }

    /// Mean over prompts of KL(this ‖ other) between whole sequences, nats per sequence.
    public func divergence(from other: TablePolicy) -> Double {
        Double(tree.length)
            * meanPerToken { index in
                let (p, q) = (rows[index], other.rows[index])
                return p.mean { p.logProbabilities[$0] - q.logProbabilities[$0] }
            }
    }

    /// Probability of each leaf, [leaves].
    public func leafProbabilities(_ prompt: Int) -> [Double] {
        tree.length == 1 ? rows[prompt].probabilities : visits(prompt).leaves
    }

    /// Expected value per completion of each prompt, [prompts], for values per prompt and leaf, [prompts · leaves].
    public func expectedRewards(_ values: [Double]) -> [Double] {
        (0..<prompts).map { prompt in
            let start = prompt * tree.leaves
            return leafProbabilities(prompt).enumerated().reduce(0) { $0 + $1.element * values[start + $1.offset] }
        }
    }
}
