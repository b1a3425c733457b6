// Expectations over prefix trees against the enumeration of every sequence.

import EntropyDynamics
import Foundation
import Simulation
import Testing
import Trajectories

@Suite struct TablePolicyTests {
    /// Every sequence of a tree with the states it passes.
    private func sequences(_ tree: PrefixTree) -> [(tokens: [Int], states: [Int], leaf: Int)] {
        (0..<tree.leaves).map { leaf in
            var digits: [Int] = []
            var rest = leaf
            for _ in 0..<tree.length {
                digits.insert(rest % tree.vocabulary, at: 0)
                rest /= tree.vocabulary
            }
            var (state, states) = (0, [Int]())
            for (position, token) in digits.enumerated() {
                states.append(state)
                state = tree.child(of: state, at: position, token: token)
            }
            return (digits, states, state)
        }
    }

    @Test func `a sequence ends in the leaf that its tokens spell, and no two prefixes share a state`() throws {
        for (vocabulary, length) in [(2, 1), (2, 5), (3, 3), (7, 2)] {
            let tree = try PrefixTree(vocabulary: vocabulary, length: length)
            var seen: [Int: [Int]] = [:]
            for (number, sequence) in sequences(tree).enumerated() {
                #expect(sequence.leaf == number)
                for (position, state) in sequence.states.enumerated() {
                    let prefix = Array(sequence.tokens[..<position])
                    #expect(seen[state] == nil || seen[state] == prefix)
                    seen[state] = prefix
                    #expect(tree.states(at: position).contains(state))
                }
            }
            #expect(seen.keys.sorted() == Array(0..<tree.states))
        }
    }

    @Test func `entropy, divergence and pass rate are those of the enumerated sequences`() throws {
        try forRandomCases(seed: 1) { random, number in
            let task = try randomTask(&random)
            let temperature = [0.7, 1, 1.6][number % 3]
            func policy(_ logits: [Double]) throws -> TablePolicy {
                try TablePolicy(prompts: task.prompts, tree: task.tree, temperature: temperature, logits: logits)
            }
            let p = try policy(task.logits)
            let q = try policy(task.logits.map { $0 + random.normalPair().0 })
            var (surprisal, divergence, value) = (0.0, 0.0, 0.0)
            for prompt in 0..<task.prompts {
                for sequence in sequences(task.tree) {
                    func logprob(_ policy: TablePolicy) -> Double {
                        zip(sequence.states, sequence.tokens).reduce(0) {
                            $0 + policy.rows[prompt * task.tree.states + $1.0].logProbabilities[$1.1]
                        }
                    }
                    let (own, other) = (logprob(p), logprob(q))
                    #expect(isClose(p.leafProbabilities(prompt)[sequence.leaf], exp(own)))
                    surprisal -= exp(own) * own
                    divergence += exp(own) * (own - other)
                    value += exp(own) * task.values[prompt * task.tree.leaves + sequence.leaf]
                }
            }
            let prompts = Double(task.prompts)
            #expect(isClose(p.entropy, surprisal / prompts / Double(task.tree.length), absolute: 1e-11))
            #expect(isClose(p.divergence(from: q), divergence / prompts, absolute: 1e-11))
            let rates = p.expectedRewards(task.values)
            #expect(isClose(rates.reduce(0, +), value, absolute: 1e-11))
        }
    }

    @Test func `tables that cannot be are refused in a sentence`() throws {
        for (vocabulary, length) in [(1, 1), (2, 0), (2, 40), (1 << 30, 3)] {
            #expect(throws: SimulationError.self) { try PrefixTree(vocabulary: vocabulary, length: length) }
        }
        let tree = try PrefixTree(vocabulary: 3)
        let short = #expect(throws: SimulationError.self) {
            try TablePolicy(prompts: 2, tree: tree, logits: [0, 0, 0])
        }
        #expect("\(try #require(short))".contains("3 logits"))
    }
}
