// The tokens of one step on a table policy, drawn or enumerated.

import Algorithms
import EntropyDynamics
import Trajectories

/// Tokens as columns, with the row of the table that each belongs to.
struct TableBatch: Sendable {
    var row: [Int] = []
    var token: [Int] = []
    var sequence: [Int32] = []
    var group: [Int32] = []
    var sampledLogprob: [Float] = []
    var proximalLogprob: [Float] = []
    /// Nil where the algorithm reads no reference.
    var referenceLogprob: [Float]?
    var advantage: [Float] = []
    /// What each token counts for beside another: 1 where drawn, its probability where enumerated.
    var weight: [Double] = []

    var count: Int { row.count }

    mutating func reserve(_ count: Int) {
        row.reserveCapacity(count)
        token.reserveCapacity(count)
        sequence.reserveCapacity(count)
        group.reserveCapacity(count)
        sampledLogprob.reserveCapacity(count)
        proximalLogprob.reserveCapacity(count)
        advantage.reserveCapacity(count)
        weight.reserveCapacity(count)
    }

    mutating func append(
        row: Int, token: Int, sequence: Int, group: Int, sampled: Double, proximal: Double,
        reference: Double? = nil, advantage: Double, weight: Double = 1
    ) {
        self.row.append(row)
        self.token.append(token)
        self.sequence.append(Int32(truncatingIfNeeded: sequence))
        self.group.append(Int32(truncatingIfNeeded: group))
        sampledLogprob.append(Float(sampled))
        proximalLogprob.append(Float(proximal))
        if let reference {
            if referenceLogprob == nil { referenceLogprob = [] }
            referenceLogprob?.append(Float(reference))
        }
        self.advantage.append(Float(advantage))
        self.weight.append(weight)
    }

    /// The columns an algorithm reads, with the statistics of the policy as it is now.
    func table(_ statistics: [RowStatistics], _ rows: [Categorical], update: Int = 0) throws -> TokenTable {
        var policy: [Float] = []
        var entropy: [Float] = []
        var discriminant: [Float] = []
        var expected: [Float] = []
        var variance: [Float] = []
        var squared: [Float] = []
        policy.reserveCapacity(count)
        entropy.reserveCapacity(count)
        discriminant.reserveCapacity(count)
        expected.reserveCapacity(count)
        variance.reserveCapacity(count)
        squared.reserveCapacity(count)
        for index in 0..<count {
            let (p, of) = (rows[row[index]], statistics[row[index]])
            policy.append(Float(p.logProbabilities[token[index]]))
            entropy.append(Float(p.entropy))
            discriminant.append(Float(p.discriminant(of: token[index])))
            expected.append(of.expected)
            variance.append(of.variance)
            squared.append(of.squared)
        }
        return try TokenTable(
            policyLogprob: policy, entropy: entropy, discriminant: discriminant, expectedDiscriminant: expected,
            varianceDiscriminant: variance, squaredDiscriminant: squared, proximalLogprob: proximalLogprob,
            sampledLogprob: sampledLogprob, referenceLogprob: referenceLogprob, advantage: advantage,
            sequence: sequence, group: group, update: update)
    }

    /// The tokens of the completions whose place in their group is `part` modulo `parts`.
    func part(_ part: Int, of parts: Int, completions: Int) -> TableBatch {
        guard parts > 1 else { return self }
        var result = TableBatch()
        result.referenceLogprob = referenceLogprob.map { _ in [] }
        for index in 0..<count where Int(sequence[index]) % completions % parts == part {
            result.row.append(row[index])
            result.token.append(token[index])
            result.sequence.append(sequence[index])
            result.group.append(group[index])
            result.sampledLogprob.append(sampledLogprob[index])
            result.proximalLogprob.append(proximalLogprob[index])
            if let referenceLogprob { result.referenceLogprob?.append(referenceLogprob[index]) }
            result.advantage.append(advantage[index])
            result.weight.append(weight[index])
        }
        return result
    }
}

/// The sums over a row's vocabulary that its tokens share.
struct RowStatistics: Sendable {
    var expected: Float = 0
    var variance: Float = 0
    var squared: Float = 0

    init() {}

    init(_ p: Categorical) {
        expected = Float(p.expectedDiscriminant)
        variance = Float(p.varianceDiscriminant)
        squared = Float(p.squaredDiscriminant)
    }
}
