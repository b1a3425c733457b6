// What a table policy is rewarded for: informative, random, sparse, many-solution and majority rewards.

import Trajectories

/// How the completions of one group are rewarded.
public enum TableReward: Sendable, Equatable {
    /// A value for every prompt and leaf, [prompts · leaves].
    case values
    /// 1 with this probability, whatever the completion: there is nothing to learn.
    case bernoulli(Double)
    /// 1 for the group's most frequent leaf, the lowest number where several are (2606.05932's "spurious" reward).
    case plurality
}

/// Prompts over one prefix tree, a first policy for them, and a reward.
public struct TableTask: Sendable {
    public let prompts: Int
    public let tree: PrefixTree
    public let reward: TableReward
    /// What a completion is worth, [prompts · leaves], in 0...1; the truth that runs are judged by, whatever is rewarded.
    public let values: [Double]
    /// z of the first policy, [prompts · states · V].
    public let logits: [Double]

    public init(prompts: Int, tree: PrefixTree, reward: TableReward = .values, values: [Double], logits: [Double])
        throws
    {
        guard values.count == prompts * tree.leaves, values.allSatisfy({ (0...1).contains($0) }) else {
            throw SimulationError(
                .badSetting, "a task needs a value between 0 and 1 for each of \(prompts) x \(tree.leaves) completions",
                place: "values")
        }
        self.prompts = prompts
        self.tree = tree
        self.reward = reward
        self.values = values
        self.logits = logits
    }

    /// The same prompts and policy under another reward.
    public func rewarded(by reward: TableReward) throws -> TableTask {
        try TableTask(prompts: prompts, tree: tree, reward: reward, values: values, logits: logits)
    }

    /// Normal logits of deviation `spread`, and `solutions` leaves drawn for each prompt that are worth 1.
    ///
    /// - Parameter solvable: share of the prompts that have solutions at all; sparse where it is small.
    public static func random(
        prompts: Int = 64, vocabulary: Int = 16, length: Int = 1, solutions: Int = 1, solvable: Double = 1,
        spread: Double = 1, reward: TableReward = .values, seed: UInt64
    ) throws -> TableTask {
        let tree = try PrefixTree(vocabulary: vocabulary, length: length)
        guard (1...tree.leaves).contains(solutions), prompts > 0 else {
            throw SimulationError(
                .badSetting, "\(solutions) solutions do not fit \(tree.leaves) completions", place: "solutions")
        }
        var random = RandomSource(seed: seed, purpose: .problems)
        let count = prompts * tree.states * vocabulary
        var logits: [Double] = []
        logits.reserveCapacity(count + 1)
        while logits.count < count {
            let (a, b) = random.normalPair()
            logits.append(a * spread)
            logits.append(b * spread)
        }
        logits.removeLast(logits.count - count)
        var values = [Double](repeating: 0, count: prompts * tree.leaves)
        for prompt in 0..<prompts where random.uniform() < solvable {
            var left = solutions
            while left > 0 {
                let place = prompt * tree.leaves + random.integer(below: tree.leaves)
                guard values[place] == 0 else { continue }
                values[place] = 1
                left -= 1
            }
        }
        return try TableTask(prompts: prompts, tree: tree, reward: reward, values: values, logits: logits)
    }

    /// The rewards of one group, given the leaf of each of its completions.
    func rewards(_ prompt: Int, _ leaves: ArraySlice<Int>, _ random: inout RandomSource) -> [Double] {
        switch reward {
        case .values: return leaves.map { values[prompt * tree.leaves + $0] }
        case .bernoulli(let probability): return leaves.map { _ in random.uniform() < probability ? 1 : 0 }
        case .plurality:
            let counts = leaves.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            let winner = counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
            return leaves.map { $0 == winner ? 1 : 0 }
        }
    }
}
