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
        (0..<prompts).reduce(0) { $0 + sumPerToken($1, tree.length == 1 ? [1] : visits($1).states, value) }
            / Double(prompts * tree.length)
    }

    private func sumPerToken(_ prompt: Int, _ visited: [Double], _ value: (Int) -> Double) -> Double {
        visited.indices.reduce(0) { visited[$1] > 0 ? $0 + visited[$1] * value(row(prompt, $1)) : $0 }
    }

    /// Expected H per generated token, nats.
    public var entropy: Double { meanPerToken { rows[$0].entropy } }

    /// KL(this ‖ other) of one row, nats.
    private func divergence(_ row: Int, from other: TablePolicy) -> Double {
        let (p, q) = (rows[row], other.rows[row])
        return p.mean { p.logProbabilities[$0] - q.logProbabilities[$0] }
    }

    /// Mean over prompts of KL(this ‖ other) between whole sequences, nats per sequence.
    public func divergence(from other: TablePolicy) -> Double {
        Double(tree.length) * meanPerToken { divergence($0, from: other) }
    }

    /// Probability of each leaf, [leaves].
    public func leafProbabilities(_ prompt: Int) -> [Double] {
        tree.length == 1 ? rows[prompt].probabilities : visits(prompt).leaves
    }

    /// Expected value per completion of each prompt, [prompts], for values per prompt and leaf, [prompts · leaves].
    public func expectedRewards(_ values: [Double]) -> [Double] {
        (0..<prompts).map { expectedReward($0, leafProbabilities($0), values) }
    }

    private func expectedReward(_ prompt: Int, _ leaves: [Double], _ values: [Double]) -> Double {
        let start = prompt * tree.leaves
        return leaves.indices.reduce(0) { $0 + leaves[$1] * values[start + $1] }
    }

    /// Entropy per token, divergence per completion and every prompt's expected value, in one walk of the trees.
    func expectations(
        from other: TablePolicy, _ values: [Double]
    ) -> (entropy: Double, divergence: Double, rewards: [Double]) {
        var result = (entropy: 0.0, divergence: 0.0, rewards: [Double]())
        for prompt in 0..<prompts {
            let visited = tree.length == 1 ? ([1], rows[prompt].probabilities) : visits(prompt)
            result.entropy += sumPerToken(prompt, visited.0) { rows[$0].entropy }
            result.divergence += sumPerToken(prompt, visited.0) { divergence($0, from: other) }
            result.rewards.append(expectedReward(prompt, visited.1, values))
        }
        result.entropy /= Double(prompts * tree.length)
        result.divergence /= Double(prompts)
        return result
    }
}
