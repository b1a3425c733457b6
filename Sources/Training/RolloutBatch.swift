// The rollouts of a step as training data: sequences, advantages, and who belongs to whom.

import Algorithms
import Models
import Trajectories

/// Completions in order, with the sequence-level advantage of each and its group.
struct RolloutBatch {
    private(set) var sequences: [TrainingSequence] = []
    private var advantages: [Double] = []
    private var groups: [Int32] = []
    private(set) var sampledLogprob: [Float] = []
    /// Whether a sequence's advantage is not 0.
    var hasAdvantage: [Bool] { advantages.map { $0 != 0 } }
    /// First sequence of each group, and one past the last.
    private var bounds: [Range<Int>] = []
    private var sampled: [[Float]] = []

    init(_ rolloutGroups: [RolloutGroup], credit: any Credit) {
        for (index, group) in rolloutGroups.enumerated() {
            let first = sequences.count
            let credits = credit.advantages(group.rewards)
            for (completion, advantage) in zip(group.completions, credits) {
                append(
                    TrainingSequence(prompt: group.promptTokens, tokens: completion.tokens), advantage, Int32(index),
                    completion.sampledLogprob)
            }
            bounds.append(first..<sequences.count)
        }
    }

    private init() {}

    private mutating func append(_ sequence: TrainingSequence, _ advantage: Double, _ group: Int32, _ logprob: [Float])
    {
        sequences.append(sequence)
        advantages.append(advantage)
        groups.append(group)
        sampled.append(logprob)
        sampledLogprob += logprob
    }

    /// Cuts the batch into `count` parts of whole groups, sizes differing by at most one group.
    func miniBatches(_ count: Int) -> [RolloutBatch] {
        (0..<count).map { part in
            var result = RolloutBatch()
            for group in bounds[(bounds.count * part / count)..<(bounds.count * (part + 1) / count)] {
                let first = result.sequences.count
                for index in group {
                    result.append(sequences[index], advantages[index], groups[index], sampled[index])
                }
                result.bounds.append(first..<result.sequences.count)
            }
            return result
        }
    }

    /// The algorithm's view of every token.
    func table(_ statistics: TokenStatistics, proximal: [Float]?) throws -> TokenTable {
        var advantage: [Float] = []
        var sequence: [Int32] = []
        var group: [Int32] = []
        for index in sequences.indices {
            let count = sequences[index].tokens.count
            advantage += [Float](repeating: Float(advantages[index]), count: count)
            sequence += [Int32](repeating: Int32(index), count: count)
            group += [Int32](repeating: groups[index], count: count)
        }
        return try TokenTable(
            policyLogprob: statistics.logprob, entropy: statistics.entropy, discriminant: statistics.discriminant,
            expectedDiscriminant: statistics.expectedDiscriminant,
            varianceDiscriminant: statistics.varianceDiscriminant,
            squaredDiscriminant: statistics.squaredDiscriminant, proximalLogprob: proximal ?? statistics.logprob,
            sampledLogprob: sampledLogprob, advantage: advantage, sequence: sequence, group: group)
    }
}
