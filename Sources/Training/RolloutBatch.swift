// The rollouts of a step as training data: sequences, advantages, and who belongs to whom.

import Algorithms
import Models
import Trajectories

/// Completions in order, with the sequence-level advantage of each and its group.
struct RolloutBatch {
    private(set) var sequences: [TrainingSequence] = []
    private(set) var advantages: [Double] = []
    private var groups: [Int32] = []
    private var completions: [Completion] = []
    /// Nil where no reference is read.
    private var reference: [[Float]]?
    /// First sequence of each group, and one past the last.
    private var bounds: [Range<Int>] = []
    /// What the algorithm's credit reported.
    private(set) var creditMetrics: [Metric] = []
    var sampledLogprob: [Float] { completions.flatMap(\.sampledLogprob) }
    /// What the sampler recorded of every token; the rest is 0.
    var sampledStatistics: TokenStatistics {
        var result = TokenStatistics(count: completions.reduce(0) { $0 + $1.tokens.count })
        result.logprob = sampledLogprob
        result.entropy = completions.flatMap(\.entropy)
        result.discriminant = completions.flatMap(\.discriminant)
        result.expectedDiscriminant = completions.flatMap(\.expectedDiscriminant)
        return result
    }
    /// Group and advantage of every token.
    var tokenGroups: [Int32] { perToken(groups) }
    var tokenAdvantages: [Float] { perToken(advantages.map { Float($0) }) }
    private func perToken<Value>(_ values: [Value]) -> [Value] {
        zip(values, sequences).flatMap { [Value](repeating: $0, count: $1.tokens.count) }
    }
    /// Whether a sequence's advantage is not 0.
    var hasAdvantage: [Bool] { advantages.map { $0 != 0 } }

    /// - Throws: `AlgorithmError` for advantages that are no numbers, `TorchError` from the reference.
    init(_ rolloutGroups: [RolloutGroup], algorithm: Algorithm, reference policy: ReferencePolicy? = nil) throws {
        for (index, group) in rolloutGroups.enumerated() {
            let first = sequences.count
            for completion in group.completions {
                sequences.append(TrainingSequence(prompt: group.promptTokens, tokens: completion.tokens))
                groups.append(Int32(index))
                completions.append(completion)
            }
            bounds.append(first..<sequences.count)
        }
        reference = try policy?.logprobs(of: sequences)
        let outcomes = zip(rolloutGroups, bounds).map { group, range in
            range.map { index in
                Outcome(
                    reward: group.verdicts[index - range.lowerBound].reward,
                    isCorrect: group.verdicts[index - range.lowerBound].isCorrect,
                    isTruncated: group.completions[index - range.lowerBound].stopReason == .length,
                    tokens: completions[index].tokens,
                    sampledLogprob: completions[index].sampledLogprob, referenceLogprob: reference?[index])
            }
        }
        advantages = try algorithm.advantages(of: outcomes).flatMap(\.self)
        creditMetrics = algorithm.currentCredit.metrics(for: outcomes)
    }

    private init() {}

    /// Cuts the batch into `count` parts of whole groups, sizes differing by at most one group.
    func miniBatches(_ count: Int) -> [RolloutBatch] {
        (0..<count).map { part in
            var result = RolloutBatch()
            result.reference = reference.map { _ in [] }
            for group in bounds[(bounds.count * part / count)..<(bounds.count * (part + 1) / count)] {
                let first = result.sequences.count
                result.sequences += sequences[group]
                result.advantages += advantages[group]
                result.groups += groups[group]
                result.completions += completions[group]
                if let reference { result.reference? += reference[group] }
                result.bounds.append(first..<result.sequences.count)
            }
            return result
        }
    }

    /// The algorithm's view of every token; `update` is the number of the update, from 0. Statistics that are partly
    /// `sampledStatistics` have no variances.
    func table(
        _ statistics: TokenStatistics, proximal: [Float]?, update: Int, hasVariances: Bool = true
    ) throws -> TokenTable {
        try TokenTable(
            policyLogprob: statistics.logprob, entropy: statistics.entropy, discriminant: statistics.discriminant,
            expectedDiscriminant: statistics.expectedDiscriminant,
            varianceDiscriminant: hasVariances ? statistics.varianceDiscriminant : nil,
            squaredDiscriminant: hasVariances ? statistics.squaredDiscriminant : nil,
            proximalLogprob: proximal ?? statistics.logprob,
            sampledLogprob: sampledLogprob, referenceLogprob: reference?.flatMap(\.self),
            advantage: tokenAdvantages, sequence: perToken(sequences.indices.map { Int32($0) }), group: tokenGroups,
            update: update)
    }
}
